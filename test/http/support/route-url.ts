// The URL of a route, with something for each of its parameters.

/** Below `/api/` the slashes of a name are encoded, below `/v2/` they are not. */
export function routeUrl(pattern: string, values: Readonly<Record<string, string>>): string {
  const isEncoded = pattern.startsWith('/api/');
  // Two images, of which nothing is known but that they are asked for.
  const query = pattern.endsWith('/compare') ? '?from=v1&to=v1' : '';
  const path = pattern.replace(/:(\w+)/g, (_, key: string) => {
    const value = values[key] ?? '';
    return isEncoded ? encodeURIComponent(value) : value;
  });
  return `${path}${query}`;
}
