// Exchanges a directory and a symbolic link, again and again, until it is ended: directory-exchanger.mjs DIRECTORY LINK.
// In one step where koffi is installed, otherwise by renames.
import { renameSync } from 'node:fs';
import { createRequire } from 'node:module';

const [directory, link] = process.argv.slice(2);
const exchange = atOnce() ?? byRenames;

for (let round = 0; ; round += 1) {
  exchange();
  if (round === 0) process.stdout.write('begun\n');
}

function atOnce() {
  try {
    const renameat2 = createRequire(import.meta.url)('koffi')
      .load(null)
      .func('renameat2', 'int', ['int', 'str', 'int', 'str', 'uint']);
    return renameat2(-100, directory, -100, link, 2) === 0
      ? () => renameat2(-100, directory, -100, link, 2)
      : undefined;
  } catch {
    return undefined;
  }
}

function byRenames() {
  renameSync(directory, `${directory}.aside`);
  renameSync(link, directory);
  renameSync(directory, link);
  renameSync(`${directory}.aside`, directory);
}
