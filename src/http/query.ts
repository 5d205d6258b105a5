// Query parameters as Fastify parses them: a name that is repeated becomes an array. Unknown ones are ignored everywhere
// (containerd appends `ns` to every request when it mirrors).

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Every value of a parameter, in order. */
export function allValues(query: unknown, name: string): readonly string[] {
  const value = (query as Query)[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** The first value of a parameter. */
export function firstValue(query: unknown, name: string): string | undefined {
  return allValues(query, name)[0];
}
