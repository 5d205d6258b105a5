// Blobs on their way into a registry elsewhere: in one piece, in chunks, and after connections that were lost.
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import type { RemoteRepository } from '../../../src/remote/remote-repository.ts';
import { blobOf, type Content } from '../../support/content.ts';
import { type PlainRegistry, plainRegistry, targetAt } from '../../support/plain-registry.ts';

const app = parseRepositoryName('team/app');
const small = blobOf('abc');
const large = blobOf('0123456789');

interface Pushed {
  readonly outcome: string;
  /** Where the blob was read from. */
  readonly reads: readonly number[];
  readonly advanced: number;
}

async function push(
  repository: RemoteRepository,
  { bytes, digest }: Content,
  { from, given = bytes }: { from?: string; given?: Buffer } = {},
): Promise<Pushed> {
  const reads: number[] = [];
  let advanced = 0;
  const read = async function* (at: number) {
    reads.push(at);
    for (let next = at; next < given.byteLength; next += 2) yield given.subarray(next, next + 2);
  };
  const outcome = await repository.putBlob(
    { digest, size: bytes.byteLength, read },
    from === undefined ? undefined : parseRepositoryName(from),
    { started: () => {}, advanced: (count) => (advanced += count) },
  );
  return { outcome, reads, advanced };
}

function into(registry: PlainRegistry): RemoteRepository {
  return targetAt(registry).repository(app);
}

function lose(response: ServerResponse): true {
  response.destroy();
  return true;
}

/** Answers the first request that matches, and no other. */
function once(
  registry: PlainRegistry,
  pattern: RegExp,
  answer: (response: ServerResponse, body: Buffer) => void,
): void {
  let isDone = false;
  registry.instead = ({ method, path, body }, response) => {
    if (isDone || !pattern.test(`${method} ${path}`)) return false;
    isDone = true;
    answer(response, body);
    return true;
  };
}

describe('a blob that is pushed', () => {
  it('goes in one piece when it is small', async () => {
    const registry = await plainRegistry();
    expect(await push(into(registry), small)).toEqual({ outcome: 'copied', reads: [0], advanced: 3 });
    expect(registry.blobs.get(`team/app@${small.digest}`)).toEqual(small.bytes);
    expect(registry.calls).toEqual([
      `HEAD team/app blobs/${small.digest}`,
      'POST team/app blobs/uploads/',
      'PUT team/app blobs/uploads/upload-1',
    ]);
    expect(registry.seen[2]?.headers).toMatchObject({ 'content-length': '3' });
  });

  it('goes in chunks when it is large, each where the answer before says', async () => {
    const registry = await plainRegistry();
    expect(await push(into(registry), large)).toMatchObject({ outcome: 'copied', advanced: 10 });
    expect(registry.blobs.get(`team/app@${large.digest}`)).toEqual(large.bytes);
    const chunks = registry.seen.filter(({ method }) => method === 'PATCH');
    expect(chunks.map(({ headers, query }) => [headers['content-range'], query.get('state')])).toEqual([
      ['0-3', '0'],
      ['4-7', '4'],
      ['8-9', '8'],
    ]);
  });

  it('is not sent when it is there with its size', async () => {
    const registry = await plainRegistry();
    registry.blobs.set(`team/app@${large.digest}`, large.bytes);
    expect(await push(into(registry), large)).toEqual({ outcome: 'present', reads: [], advanced: 0 });
    registry.blobs.set(`team/app@${large.digest}`, Buffer.from('half'));
    expect(await push(into(registry), large)).toMatchObject({ outcome: 'copied' });
  });

  it('is mounted from another repository, and sent where that is refused', async () => {
    const registry = await plainRegistry();
    registry.blobs.set(`base@${large.digest}`, large.bytes);
    expect(await push(into(registry), large, { from: 'base' })).toMatchObject({ outcome: 'linked', reads: [] });
    registry.blobs.delete(`team/app@${large.digest}`);
    registry.mounts = false;
    expect(await push(into(registry), large, { from: 'base' })).toMatchObject({ outcome: 'copied' });
    registry.blobs.delete(`team/app@${large.digest}`);
    once(registry, /^POST /, (response) => response.writeHead(403).end());
    expect(await push(into(registry), large, { from: 'base' })).toMatchObject({ outcome: 'copied' });
  });

  it('goes on at the byte that was kept after a connection was lost', async () => {
    const registry = await plainRegistry();
    registry.instead = ({ method, headers, body }, response) => {
      if (method !== 'PATCH' || headers['content-range'] !== '4-7') return false;
      registry.instead = () => false;
      const [id = ''] = registry.uploads.keys();
      registry.uploads.set(id, Buffer.concat([registry.uploads.get(id) ?? Buffer.alloc(0), body.subarray(0, 1)]));
      return lose(response);
    };
    expect(await push(into(registry), large)).toEqual({ outcome: 'copied', reads: [0, 5], advanced: 10 });
    expect(registry.blobs.get(`team/app@${large.digest}`)).toEqual(large.bytes);
  });

  it('begins again when the registry has forgotten the upload', async () => {
    const registry = await plainRegistry();
    registry.instead = ({ method, headers }, response) => {
      if (method !== 'PATCH' || headers['content-range'] !== '4-7') return false;
      registry.instead = () => false;
      registry.uploads.clear();
      return lose(response);
    };
    expect(await push(into(registry), large)).toMatchObject({ outcome: 'copied', reads: [0, 0] });
    expect(registry.blobs.get(`team/app@${large.digest}`)).toEqual(large.bytes);
  });

  it.each([small, large])('is not sent again when only the last answer was lost', async (blob) => {
    const registry = await plainRegistry();
    registry.instead = (request, response) => {
      if (request.method !== 'PUT') return false;
      registry.instead = () => false;
      registry.blobs.set(`team/app@${blob.digest}`, blob.bytes);
      return lose(response);
    };
    const { reads } = await push(into(registry), blob);
    expect(reads).toEqual([0]);
  });

  it.each([400, 405, 416, 501])(
    'goes in one piece where chunks are refused with %s, and so do later ones',
    async (status) => {
      const registry = await plainRegistry();
      registry.instead = ({ method }, response) => {
        if (method !== 'PATCH') return false;
        response.writeHead(status).end();
        return true;
      };
      const repository = into(registry);
      expect(await push(repository, large)).toMatchObject({ outcome: 'copied', advanced: 10 });
      const another = blobOf('another large one');
      await push(repository, another);
      expect(registry.blobs.get(`team/app@${another.digest}`)).toEqual(another.bytes);
      // 416 may pass: it is tried again from where the registry says it is.
      expect(registry.calls.filter((call) => call.startsWith('PATCH'))).toHaveLength(status === 416 ? 4 : 1);
      expect(registry.uploads.size).toBe(0);
    },
  );

  it.each([small, large])('of other bytes than its digest says is refused, and leaves no upload', async (blob) => {
    const registry = await plainRegistry();
    const given = Buffer.alloc(blob.bytes.byteLength, 'x');
    await expect(push(into(registry), blob, { given })).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
    expect(registry.blobs.size).toBe(0);
    expect(registry.uploads.size).toBe(0);
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
  ])('that may not be pushed (%s) is not tried in another way', async (status, code) => {
    const registry = await plainRegistry();
    registry.instead = ({ method }, response) => {
      if (method !== 'PATCH') return false;
      response.writeHead(status).end();
      return true;
    };
    await expect(push(into(registry), large)).rejects.toMatchObject({ code });
    expect(registry.calls.filter((call) => call.startsWith('PUT'))).toEqual([]);
    expect(registry.uploads.size).toBe(0);
  });

  it('wants a token for pushing, though the first request only looks', async () => {
    const registry = await plainRegistry();
    registry.instead = ({ method, path, query, headers }, response) => {
      if (path === '/token') {
        response.writeHead(200).end(JSON.stringify({ token: query.getAll('scope').join(' ') }));
        return true;
      }
      const action = method === 'HEAD' ? 'pull' : 'pull,push';
      if (headers.authorization === 'Bearer repository:team/app:pull,push') return false;
      const scope = `repository:team/app:${action}`;
      const challenge = `Bearer realm="http://${registry.host}/token",service="x",scope="${scope}"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
    await push(into(registry), small);
    expect(registry.calls.filter((call) => call === 'GET /token')).toHaveLength(1);
  });

  it('tells nobody but the registry who is pushing', async () => {
    const [registry, store] = [await plainRegistry(), await plainRegistry()];
    store.uploads.set('elsewhere', Buffer.alloc(0));
    registry.instead = ({ headers, method }, response) => {
      if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      if (method !== 'POST') return false;
      const location = `http://localhost:${store.port}/v2/team/app/blobs/uploads/elsewhere`;
      response.writeHead(202, { location }).end();
      return true;
    };
    const credentials = { kind: 'password', username: 'me', password: 'secret' } as const;
    const repository = targetAt(registry, async () => ({ credentials, problem: undefined })).repository(app);
    await push(repository, small);
    expect(store.blobs.get(`team/app@${small.digest}`)).toEqual(small.bytes);
    expect(store.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(registry.seen.at(-1)?.headers.authorization).toMatch(/^Basic /);
  });

  it('follows a place that names another port or scheme of the same host to where it was asked', async () => {
    const registry = await plainRegistry();
    once(registry, /^POST /, (response) => {
      registry.uploads.set('here', Buffer.alloc(0));
      response.writeHead(202, { location: 'https://127.0.0.1:1/v2/team/app/blobs/uploads/here?_state=a%2Bb' }).end();
    });
    await push(into(registry), small);
    expect(registry.seen.at(-1)?.query.get('_state')).toBe('a+b');
    expect(registry.blobs.get(`team/app@${small.digest}`)).toEqual(small.bytes);
  });

  it('has chunks of the length that the registry wants at least', async () => {
    const registry = await plainRegistry();
    once(registry, /^POST /, (response) => {
      registry.uploads.set('here', Buffer.alloc(0));
      const headers = { location: '/v2/team/app/blobs/uploads/here', 'oci-chunk-min-length': '6' };
      response.writeHead(202, headers).end();
    });
    await push(into(registry), large);
    const chunks = registry.seen.filter(({ method }) => method === 'PATCH');
    expect(chunks.map(({ body }) => body.byteLength)).toEqual([6, 4]);
  });

  it('goes in one piece to a registry that wants chunks larger than we hold in memory', async () => {
    const registry = await plainRegistry();
    once(registry, /^POST /, (response) => {
      registry.uploads.set('here', Buffer.alloc(0));
      const headers = { location: '/v2/team/app/blobs/uploads/here', 'oci-chunk-min-length': '9000000000000000' };
      response.writeHead(202, headers).end();
    });
    await push(into(registry), large);
    expect(registry.calls.filter((call) => call.startsWith('PATCH'))).toEqual([]);
    expect(registry.blobs.get(`team/app@${large.digest}`)).toEqual(large.bytes);
  });

  it('is given up when the registry loses again and again what it has kept', async () => {
    const registry = await plainRegistry();
    const blob = blobOf('x'.repeat(3 * 1024 * 1024));
    let chunks = 0;
    registry.instead = ({ method }, response) => {
      if (method === 'POST') {
        registry.uploads.set('here', Buffer.alloc(0));
        const headers = { location: '/v2/team/app/blobs/uploads/here', 'oci-chunk-min-length': String(1024 * 1024) };
        response.writeHead(202, headers).end();
        return true;
      }
      if (method !== 'PATCH') return false;
      chunks += 1;
      // Of every second upload one chunk is kept before all of it is forgotten.
      if (chunks % 3 === 1 && chunks < 60) return false;
      registry.uploads.clear();
      return lose(response);
    };
    await expect(push(into(registry), blob)).rejects.toThrow();
    expect(chunks).toBeLessThan(20);
  });

  it('begins again where the registry claims to have kept more than there is', async () => {
    const registry = await plainRegistry();
    once(registry, /^PATCH /, (response) => {
      response.writeHead(202, { location: '/v2/team/app/blobs/uploads/upload-1', range: '0-99' }).end();
    });
    expect(await push(into(registry), large)).toMatchObject({ outcome: 'copied' });
    expect(registry.blobs.get(`team/app@${large.digest}`)).toEqual(large.bytes);
  });
});

describe('a registry that leads elsewhere', () => {
  it('to where a blob is not: it is sent', async () => {
    const [registry, store] = [await plainRegistry(), await plainRegistry()];
    once(registry, /^HEAD /, (response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${store.port}/v2/team/app/blobs/${small.digest}` }).end();
    });
    expect(await push(into(registry), small)).toMatchObject({ outcome: 'copied' });
  });

  it.each([
    ['that refuses the question: the blob is there', 403, {}, 'present'],
    ['with another length: it is not', 200, { 'content-length': '1234' }, 'copied'],
    ['that wants to know who we are: it is not', 401, {}, 'copied'],
  ])('to a store %s', async (_what, status, headers, outcome) => {
    const [registry, store] = [await plainRegistry(), await plainRegistry()];
    store.instead = (_request, response) => {
      response.writeHead(status, headers).end();
      return true;
    };
    once(registry, /^HEAD /, (response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${store.port}/elsewhere` }).end();
    });
    expect(await push(into(registry), small)).toMatchObject({ outcome });
  });

  it('and is led back to: nobody in between learns who is pushing', async () => {
    const [registry, store] = [await plainRegistry(), await plainRegistry()];
    store.instead = (_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${registry.port}/v2/team/app/blobs/uploads/back` }).end();
      return true;
    };
    registry.instead = ({ headers, method }, response) => {
      if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      if (method !== 'POST') return false;
      response.writeHead(202, { location: `http://localhost:${store.port}/v2/team/app/blobs/uploads/there` }).end();
      return true;
    };
    const credentials = { kind: 'password', username: 'me', password: 'secret' } as const;
    const repository = targetAt(registry, async () => ({ credentials, problem: undefined })).repository(app);
    await expect(push(repository, small)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(new Set(store.seen.map(({ headers }) => headers.authorization))).toEqual(new Set([undefined]));
    expect(store.seen.length).toBeGreaterThan(0);
  });
});
