// A client process: pushes tags one after the other to one server and prints each that was acknowledged.
//   node tag-pusher.mjs URL REPOSITORY PREFIX COUNT
import { pushTag } from './content.mjs';

const [url, repository, prefix, count] = process.argv.slice(2);
for (let at = 0; at < Number(count); at += 1) {
  const tag = `${prefix}-${at}`;
  const status = await pushTag(url, repository, tag);
  if (status !== 201) throw new Error(`${tag}: ${status}`);
  console.log(tag);
}
