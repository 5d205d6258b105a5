// Server-sent events in what has come of an answer (HTML, Server-sent events): as far as they are whole.

export interface HeardEvent {
  readonly id: string | undefined;
  readonly name: string;
  /** Of a CloudEvent of ours; undefined for what is about no repository. */
  readonly repository: string | undefined;
}

/** `rest` belongs before whatever comes next. */
export function eventsIn(text: string): { readonly events: readonly HeardEvent[]; readonly rest: string } {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  return { events: blocks.flatMap((block) => eventIn(block) ?? []), rest };
}

/** Undefined for a comment, or a word about the connection. */
function eventIn(block: string): HeardEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)] as const;
    }),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return { id: fields.get('id'), name: fields.get('event') ?? '', repository: repositoryIn(data) };
}

function repositoryIn(data: string): string | undefined {
  const { data: what } = JSON.parse(data) as { data?: { repository?: unknown } };
  return typeof what?.repository === 'string' ? what.repository : undefined;
}
