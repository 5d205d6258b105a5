// What a request is about, in the words of the distribution spec.

export type RouteKind =
  | 'version'
  | 'catalog'
  | 'tags'
  | 'manifests'
  | 'blobs'
  | 'uploads'
  | 'referrers'
  | 'token'
  /** Anything else. */
  | 'other';

const kinds: readonly (readonly [RegExp, RouteKind])[] = [
  [/^\/v2\/?$/, 'version'],
  [/^\/v2\/_catalog$/, 'catalog'],
  [/^\/v2\/:name\/tags\/list$/, 'tags'],
  [/^\/v2\/:name\/manifests\//, 'manifests'],
  [/^\/v2\/:name\/blobs\/uploads\//, 'uploads'],
  [/^\/v2\/:name\/blobs\//, 'blobs'],
  [/^\/v2\/:name\/referrers\//, 'referrers'],
  [/^\/token$/, 'token'],
];

/** Of the pattern of a route. */
export function routeKindOf(route: string | undefined): RouteKind {
  return kinds.find(([pattern]) => pattern.test(route ?? ''))?.[1] ?? 'other';
}
