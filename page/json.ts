// JSON of which nothing is taken for granted: strangers wrote it.

export type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Those of a list that are objects. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  return listOf(value).flatMap((each): readonly JsonObject[] => {
    const object = objectOf(each);
    return object === undefined ? [] : [object];
  });
}
