// What the page asks the registry. Whoever logged in is known while the page is open: nothing is kept for later.
import type { z } from 'zod';
import type { comparison } from '../src/browse/comparison/comparison-schema.ts';
import type * as schemas from '../src/browse/schemas.ts';

export type Session = z.infer<typeof schemas.session>;
export type Repositories = z.infer<typeof schemas.repositories>;
export type Repository = z.infer<typeof schemas.repository>;
export type Findings = z.infer<typeof schemas.findings>;
export type Tags = z.infer<typeof schemas.tags>;
export type Image = z.infer<typeof schemas.image>;
export type ImageNode = z.infer<typeof schemas.node>;
export type Moves = z.infer<typeof schemas.moves>;
export type Disk = z.infer<typeof schemas.disk>;
export type Comparison = z.infer<typeof comparison>;
export type Descriptor = ImageNode['layers'][number];

/** The registry refused. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

let authorization: string | undefined;
let unauthorized: () => void = () => {};

/** Called when the registry wants to know who is there, as it did not before. Returns how to end it. */
export function onUnauthorized(listener: () => void): () => void {
  unauthorized = listener;
  return () => {
    unauthorized = () => {};
  };
}

export function logIn(user: string, password: string): void {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

export function logOut(): void {
  authorization = undefined;
}

/** False: what a link leads to is answered as what this page asks for is. */
export function isLoggedIn(): boolean {
  return authorization !== undefined;
}

/** Of the bytes themselves. */
export function blobUrl(name: string, digest: string): string {
  return `/v2/${name}/blobs/${digest}`;
}

const sessionPath = '/api/session';
/** Nobody asked for it: whoever may not listen is not asked for a password. */
const eventsPath = '/api/events';

interface Asked {
  readonly method?: string;
  readonly accept?: string;
  readonly body?: unknown;
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Without what the browser keeps for this site: it would ask for a password in a window of its own. */
async function ask(path: string, asked: Asked = {}): Promise<Response> {
  const { method = 'GET', accept = 'application/json', body, lastEventId, signal } = asked;
  const headers: Record<string, string> = { Accept: accept };
  if (authorization !== undefined) headers.Authorization = authorization;
  if (lastEventId !== undefined) headers['Last-Event-ID'] = lastEventId;
  const sent = { ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal && { signal }) };
  const answer = await fetch(path, { method, headers, credentials: 'omit', ...sent });
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== sessionPath && path !== eventsPath) unauthorized();
  throw new Refusal(answer.status, await reasonOf(answer));
}

async function reasonOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { errors } = JSON.parse(text) as z.infer<typeof schemas.failure>;
    return errors.map(({ message, detail }) => (detail === undefined ? message : `${message}: ${detail}`)).join('; ');
  } catch {
    return `the server answered ${answer.status}`;
  }
}

async function json<Answer>(path: string): Promise<Answer> {
  return (await ask(path)).json() as Promise<Answer>;
}

export interface ListQuery {
  readonly text?: string;
  readonly last?: string | undefined;
  readonly n?: number;
}

function queryOf({ text, last, n }: ListQuery): string {
  const query = new URLSearchParams();
  if (text) query.set('q', text);
  if (last !== undefined) query.set('last', last);
  if (n !== undefined) query.set('n', String(n));
  return query.size === 0 ? '' : `?${query}`;
}

export interface Compared {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Of `to`, where it is another one. */
  readonly toRepository?: string | undefined;
  readonly platform?: string | undefined;
}

function comparisonQuery({ from, to, toRepository, platform }: Compared, withFiles: boolean): string {
  const query = new URLSearchParams({ from, to, files: String(withFiles) });
  if (toRepository !== undefined) query.set('toRepository', toRepository);
  if (platform !== undefined) query.set('platform', platform);
  return `?${query}`;
}

const below = (name: string) => `/api/repositories/${encodeURIComponent(name)}`;

export const api = {
  session: () => json<Session>(sessionPath),
  repositories: (query: ListQuery) => json<Repositories>(`/api/repositories${queryOf(query)}`),
  repository: (name: string) => json<Repository>(below(name)),
  findings: (name: string) => json<Findings>(`${below(name)}/findings`),
  tags: (name: string, query: ListQuery) => json<Tags>(`${below(name)}/tags${queryOf(query)}`),
  image: (name: string, reference: string) => json<Image>(`${below(name)}/images/${encodeURIComponent(reference)}`),
  moves: (name: string, tag: string) => json<Moves>(`${below(name)}/tags/${encodeURIComponent(tag)}/history`),
  compare: (compared: Compared, withFiles: boolean) =>
    json<Comparison>(`${below(compared.name)}/compare${comparisonQuery(compared, withFiles)}`),
  disk: () => json<Disk>('/api/disk'),
  /** An answer that goes on until the registry ends it. */
  events: (lastEventId: string | undefined, signal: AbortSignal) =>
    ask(eventsPath, { accept: 'text/event-stream', lastEventId, signal }),
  rollBack: async (name: string, tag: string, to: string): Promise<void> => {
    await ask(`${below(name)}/tags/${encodeURIComponent(tag)}/rollback`, { method: 'POST', body: { to } });
  },
  remove: async (name: string, reference: string): Promise<void> => {
    await ask(`/v2/${name}/manifests/${reference}`, { method: 'DELETE' });
  },
  blob: async (name: string, digest: string): Promise<string> => {
    return (await ask(blobUrl(name, digest), { accept: '*/*' })).text();
  },
  manifest: async (name: string, digest: string): Promise<string> => {
    return (await ask(`/v2/${name}/manifests/${digest}`, { accept: '*/*' })).text();
  },
};
