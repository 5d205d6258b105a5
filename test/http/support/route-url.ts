// The URL of a route, with something for each of its parameters.

/** Below `/api/` the slashes of a name are encoded, below `/v2/` they are not. */
export function routeUrl(pattern: string, values: Readonly<Record<string, string>>): string {
  const isEncoded = pattern.startsWith('/api/');
  return pattern.replace(/:(\w+)/g, (_, key: string) => {
    const value = values[key] ?? '';
    return isEncoded ? encodeURIComponent(value) : value;
  });
}
