// The Link header of paged lists (distribution-spec, Listing Tags, Listing Referrers).

const link = /<([^>]*)>((?:\s*;\s*[^;,\s"=]+(?:\s*=\s*(?:"[^"]*"|[^",;\s]+))?)*)/g;

/**
 * The URL of the next page. Only its path and query count, on the origin that was asked: registries behind a proxy name a
 * host or scheme of their own, and nobody may send us, with our credentials, elsewhere.
 */
export function nextPage(header: string | null, current: URL): URL | undefined {
  if (header === null) return undefined;
  for (const [, target = '', parameters = ''] of header.matchAll(link)) {
    if (!/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?![^\s;,]))/i.test(parameters)) continue;
    if (!URL.canParse(target, current.href)) return undefined;
    const { pathname, search } = new URL(target, current.href);
    return new URL(`${pathname}${search}`, current.origin);
  }
  return undefined;
}
