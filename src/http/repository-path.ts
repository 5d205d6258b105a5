// Lets Fastify route repository names that contain slashes: its parameters end at "/", so the name's slashes are
// percent-encoded before routing, and the router decodes them again. The request's own URL stays in `originalUrl`.

/**
 * The name is greedy and the tail is anchored, so that the rightmost noun decides: a repository may be called `a/manifests`
 * or `tags/list`. Linear in the length, since a tail cannot reach across a slash.
 */
const repositoryUrl =
  /^\/v2\/([^?]+)(\/(?:blobs\/uploads(?:\/[^/?]*)?|(?:blobs|manifests|referrers)\/[^/?]*|tags\/list|_oci\/(?:ext\/discover|tag-history\/[^/?]*))(?:\?.*)?)$/;

const absoluteForm = /^https?:\/\/[^/?]*/i;

/** The URL to route by. What does not name something in a repository comes back as it is. */
export function routedUrl(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(absoluteForm, '');
  const match = repositoryUrl.exec(path);
  const [, name, tail] = match ?? [];
  if (name === undefined || tail === undefined) return path;
  return `/v2/${encodeSlashes(name)}${tail.startsWith(uploads) ? withSlash(tail) : tail}`;
}

const uploads = '/blobs/uploads';

/** The slash after `blobs/uploads` is optional, since clients send both. */
function withSlash(tail: string): string {
  return tail.length === uploads.length || tail[uploads.length] === '?'
    ? `${uploads}/${tail.slice(uploads.length)}`
    : tail;
}

/**
 * A slash that the client itself encoded must not become one by our decoding: `%2F` is escaped once more, so the handler
 * sees it literally and the grammar refuses it.
 */
function encodeSlashes(name: string): string {
  const literal = name.includes('%') ? name.replace(/%2f/gi, '%252F') : name;
  // A global expression, since replaceAll takes three times as long and this runs on every request (measured).
  return literal.includes('/') ? literal.replace(/\//g, '%2F') : literal;
}
