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

type LinkParameters = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** `</v2/...?n=2&last=b>; rel="next"`: undefined parameters are left out, lists are repeated. */
export function nextLink(path: string, parameters: LinkParameters): string {
  const query = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => `${name}=${encodeURIComponent(each)}`),
  );
  return `<${path}?${query.join('&')}>; rel="next"`;
}
