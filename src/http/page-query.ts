// Paging of lists by `n` and `last`, and the Link header to the next page (distribution-spec, Listing Tags).
import { RegistryError } from '../oci/error-code.ts';
import { firstValue } from './query.ts';

export interface PageQuery {
  readonly after?: string;
  readonly limit?: number;
}

/** `n` is a count; anything else is 400, since answering everything or nothing instead would mislead the client. */
export function parsePage(query: unknown): PageQuery {
  const limit = firstValue(query, 'n');
  const after = firstValue(query, 'last');
  return {
    ...(limit === undefined ? {} : { limit: parseLimit(limit) }),
    ...(after === undefined || after === '' ? {} : { after }),
  };
}

function parseLimit(text: string): number {
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  throw new RegistryError('UNSUPPORTED', { status: 400, message: 'invalid page size', detail: 'n is a whole number' });
}

/** `</v2/...?n=2&last=b>; rel="next"`; values that are undefined are left out. */
export function nextLink(path: string, parameters: readonly (readonly [string, string | undefined])[]): string {
  const query = parameters
    .filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return `<${path}?${query}>; rel="next"`;
}
