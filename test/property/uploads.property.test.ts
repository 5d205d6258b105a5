// The upload state machine against a model: sessions are byte strings, whatever clients, restarts and second servers do to them.

import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Digest, type DigestAlgorithm, digestOf } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error-code.ts';
import type { UploadId } from '../../src/oci/upload-id.ts';
import { GatherBudget } from '../../src/registry/gathered-body.ts';
import type { WritableRepository } from '../../src/registry/repository.ts';
import type { Chunk } from '../../src/registry/upload-chunk.ts';
import { UploadRangeError } from '../../src/registry/upload-chunk.ts';
import { UploadSessions } from '../../src/registry/upload-sessions.ts';
import { noQuotas } from '../support/no-quotas.ts';
import { bytesOfBlob, chunkOf, noChunk, rangeAt } from '../support/pushes.ts';
import { directoryRegistry, memoryRegistry, type RegistryUnderTest } from '../support/registry-under-test.ts';
import { defaultRules } from '../support/rules.ts';

interface Session {
  readonly id: UploadId;
  readonly repository: string;
  bytes: Buffer;
}

interface Model {
  readonly sessions: Session[];
  /** Acknowledged, by repository and digest. */
  readonly blobs: Map<string, { repository: string; digest: Digest; bytes: Buffer }>;
}

/** What is stored, whatever else is. */
const withBytes = ({ sessions }: Model) => sessions.filter(({ bytes: { length } }) => length > 0);

/** The servers of one root; a request goes to the one whose turn it is. */
interface Real {
  readonly servers: RegistryUnderTest[];
  at: number;
}

const serverOf = ({ servers, at }: Real): RegistryUnderTest => {
  const server = servers[at % servers.length];
  if (server === undefined) throw new Error('no server');
  return server;
};
const repositoryOf = (real: Real, { repository }: Session): WritableRepository => serverOf(real).repository(repository);

type Outcome = { readonly error: unknown } | { readonly error: undefined };

async function outcomeOf(request: Promise<unknown>): Promise<Outcome> {
  return request.then(
    () => ({ error: undefined }),
    (error: unknown) => ({ error }),
  );
}

abstract class SessionCommand implements fc.AsyncCommand<Model, Real> {
  readonly pick: number;

  constructor(pick: number) {
    this.pick = pick;
  }

  check({ sessions }: Readonly<Model>): boolean {
    return sessions.length > 0;
  }

  async run(model: Model, real: Real): Promise<void> {
    const session = model.sessions[this.pick % model.sessions.length];
    if (session === undefined) return;
    await this.on(session, repositoryOf(real, session), model, real);
  }

  abstract on(session: Session, repository: WritableRepository, model: Model, real: Real): Promise<void>;

  end(model: Model, session: Session): void {
    model.sessions.splice(model.sessions.indexOf(session), 1);
  }
}

class Start implements fc.AsyncCommand<Model, Real> {
  readonly repository: string;
  readonly algorithm: DigestAlgorithm;

  constructor(repository: string, algorithm: DigestAlgorithm) {
    this.repository = repository;
    this.algorithm = algorithm;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const { id, size } = await serverOf(real).repository(this.repository).uploads.start({ algorithm: this.algorithm });
    expect(size).toBe(0);
    model.sessions.push({ id, repository: this.repository, bytes: Buffer.alloc(0) });
  }

  toString(): string {
    return `start(${this.repository}, ${this.algorithm})`;
  }
}

class Append extends SessionCommand {
  readonly bytes: Buffer;
  readonly ranged: boolean;

  constructor(pick: number, bytes: Uint8Array, ranged: boolean) {
    super(pick);
    this.bytes = Buffer.from(bytes);
    this.ranged = ranged;
  }

  override async on(session: Session, { uploads }: WritableRepository): Promise<void> {
    const ranged = this.ranged && this.bytes.length > 0;
    const range = ranged ? rangeAt(session.bytes.length, this.bytes) : undefined;
    const length = this.ranged ? this.bytes.length : undefined;
    session.bytes = Buffer.concat([session.bytes, this.bytes]);
    const status = await uploads.append(session.id, chunkOf(this.bytes, { range, length }));
    expect(status.size).toBe(session.bytes.length);
  }

  override toString(): string {
    return `append(${this.pick}, ${this.bytes.length} bytes)`;
  }
}

/** Chunks that do not fit, in a PATCH or in the closing PUT: 416, and nothing changes. */
class AppendBadly extends SessionCommand {
  readonly shift: number;
  readonly lie: number;
  readonly closing: boolean;

  constructor(pick: number, shift: number, lie: number, closing: boolean) {
    super(pick);
    this.shift = shift;
    this.lie = lie;
    this.closing = closing;
  }

  override async on(session: Session, { uploads }: WritableRepository): Promise<void> {
    const bytes = Buffer.from('some bytes');
    const first = session.bytes.length + this.shift;
    const range = { first, last: first + bytes.length - 1 + this.lie };
    if (first < 0) return;
    const chunk = {
      ...chunkOf(bytes, { range, length: undefined }),
      body: Readable.from([...bytes].map((byte) => Buffer.of(byte))),
    };
    const digest = digestOf(Buffer.concat([session.bytes, bytes]));
    const { error } = await outcomeOf(
      this.closing ? uploads.commit(session.id, digest, chunk) : uploads.append(session.id, chunk),
    );
    expect(error).toBeInstanceOf(UploadRangeError);
    expect((error as UploadRangeError).upload.size).toBe(session.bytes.length);
    expect((await uploads.status(session.id)).size).toBe(session.bytes.length);
  }

  override toString(): string {
    return `appendBadly(${this.pick}, shifted ${this.shift}, lying ${this.lie}, ${this.closing ? 'PUT' : 'PATCH'})`;
  }
}

/** The connection is lost half-way: any beginning of the chunk may have been kept. */
class LoseConnection extends SessionCommand {
  override async on(session: Session, { uploads }: WritableRepository): Promise<void> {
    const bytes = Buffer.from('0123456789'.repeat(20));
    const body = new PassThrough();
    // As with the request of an HTTP server, which fails without a listener while it waits for its turn.
    body.on('error', () => {});
    const chunk: Chunk = { ...noChunk, body, length: bytes.length };
    const outcome = outcomeOf(uploads.append(session.id, chunk));
    body.write(bytes.subarray(0, 150));
    await new Promise((resolve) => setImmediate(resolve));
    body.destroy(new Error('connection lost'));
    expect((await outcome).error).toMatchObject({ message: 'connection lost' });
    const { size } = await uploads.status(session.id);
    const kept = size - session.bytes.length;
    expect(kept).toBeGreaterThanOrEqual(0);
    expect(kept).toBeLessThanOrEqual(150);
    session.bytes = Buffer.concat([session.bytes, bytes.subarray(0, kept)]);
  }

  override toString(): string {
    return `loseConnection(${this.pick})`;
  }
}

/** Two chunks for the same place at the same time, at one server: one is appended, the other refused. */
class Collide extends SessionCommand {
  override async on(session: Session, { uploads }: WritableRepository): Promise<void> {
    const chunks = ['first', 'other'].map((text) => Buffer.from(text));
    const outcomes = await Promise.all(
      chunks.map((bytes) =>
        outcomeOf(uploads.append(session.id, chunkOf(bytes, { range: rangeAt(session.bytes.length, bytes) }))),
      ),
    );
    for (const { error } of outcomes) if (error !== undefined) expect(error).toBeInstanceOf(UploadRangeError);
    const appended = chunks.filter((_, at) => outcomes[at]?.error === undefined);
    expect(appended.length).toBe(1);
    session.bytes = Buffer.concat([session.bytes, ...appended]);
  }

  override toString(): string {
    return `collide(${this.pick})`;
  }
}

class Status extends SessionCommand {
  override async on(
    { id, bytes, repository }: Session,
    { uploads }: WritableRepository,
    _: Model,
    real: Real,
  ): Promise<void> {
    expect(await uploads.status(id)).toEqual({ id, size: bytes.length });
    const elsewhere = serverOf(real).repository(`${repository}/elsewhere`).uploads;
    expect((await outcomeOf(elsewhere.status(id))).error).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
  }

  override toString(): string {
    return `status(${this.pick})`;
  }
}

class Commit extends SessionCommand {
  readonly last: Buffer;
  readonly algorithm: DigestAlgorithm;
  readonly right: boolean;

  constructor(pick: number, last: Uint8Array, algorithm: DigestAlgorithm, right: boolean) {
    super(pick);
    this.last = Buffer.from(last);
    this.algorithm = algorithm;
    this.right = right;
  }

  override async on(session: Session, repository: WritableRepository, model: Model): Promise<void> {
    const bytes = Buffer.concat([session.bytes, this.last]);
    const digest = digestOf(this.right ? bytes : Buffer.concat([bytes, Buffer.from('!')]), this.algorithm);
    const committed = repository.uploads.commit(session.id, digest, chunkOf(this.last));
    this.end(model, session);
    if (this.right) {
      expect(await committed).toEqual({ digest, size: bytes.length });
      model.blobs.set(`${session.repository}@${digest}`, { repository: session.repository, digest, bytes });
    } else {
      expect((await outcomeOf(committed)).error).toMatchObject({ code: 'DIGEST_INVALID' });
    }
    expect((await outcomeOf(repository.uploads.status(session.id))).error).toBeInstanceOf(RegistryError);
  }

  override toString(): string {
    return `commit(${this.pick}, ${this.last.length} bytes, ${this.algorithm}, ${this.right ? 'right' : 'wrong'})`;
  }
}

class Cancel extends SessionCommand {
  override async on(session: Session, { uploads }: WritableRepository, model: Model): Promise<void> {
    await uploads.cancel(session.id);
    this.end(model, session);
    expect((await outcomeOf(uploads.cancel(session.id))).error).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
  }

  override toString(): string {
    return `cancel(${this.pick})`;
  }
}

/** The server ends and another begins; all it knows is on disk. */
class Restart implements fc.AsyncCommand<Model, Real> {
  check(): boolean {
    return true;
  }

  async run(_: Model, real: Real): Promise<void> {
    const before = serverOf(real);
    real.servers[real.at % real.servers.length] = await before.another();
  }

  toString(): string {
    return 'restart';
  }
}

class OtherServer implements fc.AsyncCommand<Model, Real> {
  check(): boolean {
    return true;
  }

  async run(_: Model, real: Real): Promise<void> {
    real.at += 1;
  }

  toString(): string {
    return 'otherServer';
  }
}

class Expire implements fc.AsyncCommand<Model, Real> {
  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const { store, clock } = serverOf(real);
    clock.advance(70_000);
    const sessions = new UploadSessions({
      store,
      clock,
      rules: { ...defaultRules, uploadsExpireAfterMs: 60_000 },
      owner: 'sweeper',
      budget: new GatherBudget(),
      quotas: noQuotas,
    });
    // What has no bytes need not be stored.
    const stored = await store.staged();
    const ids = stored.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(withBytes(model).map(({ id }) => id)));
    expect(await sessions.sweep({ since: (atMs) => clock.now() - atMs })).toHaveLength(stored.length);
    expect(await store.staged()).toEqual([]);
    const ended = model.sessions.splice(0);
    for (const session of ended) {
      const { error } = await outcomeOf(repositoryOf(real, session).uploads.status(session.id));
      expect(error).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
    }
  }

  toString(): string {
    return 'expire';
  }
}

const pick = fc.nat({ max: 3 });
const bytes = fc.uint8Array({ maxLength: 40 });
const algorithm = fc.constantFrom<DigestAlgorithm>('sha256', 'sha512');
/** By how much a chunk starts too late, and how much longer it claims to be than it is. */
const misfit = fc.constantFrom([1, 0], [-1, 0], [3, -2], [0, 1], [0, -1], [0, 5], [0, -9]);
const commands = [
  fc.tuple(fc.constantFrom('a', 'b'), algorithm).map((each) => new Start(...each)),
  fc.tuple(pick, bytes, fc.boolean()).map((each) => new Append(...each)),
  fc
    .tuple(pick, misfit, fc.boolean())
    .map(([which, [shift, lie], closing]) => new AppendBadly(which, shift, lie, closing)),
  pick.map((each) => new LoseConnection(each)),
  pick.map((each) => new Collide(each)),
  pick.map((each) => new Status(each)),
  fc.tuple(pick, bytes, algorithm, fc.boolean()).map((each) => new Commit(...each)),
  pick.map((each) => new Cancel(each)),
  fc.constant(new Restart()),
  fc.constant(new OtherServer()),
  fc.constant(new Expire()),
];

describe.each([
  ['in memory', memoryRegistry, 100],
  ['in a directory', directoryRegistry, 40],
] as const)('uploads %s', (_, open, numRuns) => {
  it('do what byte strings do, and acknowledged blobs have the right bytes for ever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 30 }), async (all) => {
        const first = await open();
        const model: Model = { sessions: [], blobs: new Map() };
        const real: Real = { servers: [first, await first.another()], at: 0 };
        await fc.asyncModelRun(() => ({ model, real }), all);
        for (const { repository, digest, bytes } of model.blobs.values()) {
          expect(await bytesOfBlob(first.repository(repository), digest)).toEqual(bytes);
        }
        const staged = (await first.store.staged()).map(({ id }) => id);
        expect(model.sessions.map(({ id }) => id)).toEqual(expect.arrayContaining(staged));
        expect(staged).toEqual(expect.arrayContaining(withBytes(model).map(({ id }) => id)));
      }),
      { numRuns },
    );
  });
});
