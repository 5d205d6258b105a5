// Lists that come in pages: catalog, tags, referrers. Bounded, whatever a registry answers.
import { nextPage } from './next-page.ts';
import type { Document, Question, RegistryClient } from './registry-client.ts';
import { RemoteError } from './remote-error.ts';

const maxPages = 10_000;
const maxItems = 1_000_000;
/** Of all pages together, with their URLs, which are remembered. */
const maxBytes = 64 * 1024 * 1024;
/** Pages without an item in a row: registries leave out of a page what somebody may not see. */
const maxEmptyPages = 200;

/**
 * Follows Link until the last page. `itemsOf` reads a page; undefined ends with undefined, for an answer that is no such list
 * at all. Throws a RemoteError for pages that go in circles.
 */
export async function everyPage<Item>(
  client: RegistryClient,
  question: Question,
  itemsOf: (page: Document) => readonly Item[] | undefined,
): Promise<readonly Item[] | undefined> {
  const { host } = client.address;
  const seen = new Set<string>();
  const items: Item[] = [];
  let bytes = 0;
  let emptyPages = 0;
  for (let url: URL | undefined = question.url; url !== undefined; ) {
    if (seen.has(url.href)) throw new RemoteError(host, `the pages of a list go in circles (${url.pathname})`);
    seen.add(url.href);
    const page: Document = await client.document({ ...question, url });
    const some = itemsOf(page);
    if (some === undefined) return undefined;
    for (const item of some) items.push(item);
    bytes += page.bytes.byteLength + url.href.length;
    emptyPages = some.length === 0 ? emptyPages + 1 : 0;
    if (seen.size >= maxPages || items.length > maxItems || emptyPages > maxEmptyPages)
      throw new RemoteError(host, `a list has no end (${url.pathname})`);
    if (bytes > maxBytes) throw new RemoteError(host, `a list is longer than ${maxBytes} bytes (${url.pathname})`);
    url = nextPage(page.answer.headers.get('link'), url);
  }
  return items;
}

/** Undefined for what is no JSON. */
export function jsonOf({ bytes }: Document): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
