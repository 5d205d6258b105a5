// Whether an index.json lists nothing, told from its bytes: an image layout of which nothing is left.

/** A file without entries is smaller, unless it says more than that. */
export const longestEmptyBytes = 4_096;

/** False for what cannot be understood: it may be in the middle of being written. */
export function listsNothing(bytes: Uint8Array): boolean {
  // Whoever walks through a catalogue asks of each repository: nearly all are known by their size, or by naming something.
  if (
    bytes.byteLength > longestEmptyBytes ||
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"digest"')
  )
    return false;
  const json = objectIn(bytes);
  return json !== undefined && isNothing(json.manifests);
}

/** The same for one that says nothing else either: what another program keeps there is not known to be worth nothing. */
export function saysNothing(bytes: Uint8Array): boolean {
  const json = objectIn(bytes);
  const others = Object.keys(json ?? {}).filter((name) => !ordinary.has(name));
  return listsNothing(bytes) && others.length === 0;
}

const ordinary: ReadonlySet<string> = new Set(['schemaVersion', 'mediaType', 'manifests']);

/** containerd and regctl write null, others leave it out. */
function isNothing(manifests: unknown): boolean {
  return manifests === undefined || manifests === null || (Array.isArray(manifests) && manifests.length === 0);
}

function objectIn(bytes: Uint8Array): { readonly manifests?: unknown } | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
