// Pushes to one repository by several processes: they land as one after the other, and what was acknowledged stays, whoever is killed.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startWorkers, workersOf } from './worker-processes.ts';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

/** By default on a connection of its own. */
function ask(url: string, { method = 'GET', body, headers = {}, agent = new Agent() }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() });
      });
    });
    asked.once('error', reject).end(body);
  });
}

const digestOf = (content: string | Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

function manifest(name: string): string {
  const mediaType = 'application/vnd.oci.empty.v1+json';
  const config = { mediaType, digest: digestOf('{}'), size: 2 };
  return JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [], annotations: { name } });
}

function push(url: string, tag: string, name: string, { headers, agent }: Asked = {}): Promise<Answer> {
  return ask(`${url}/manifests/${tag}`, {
    method: 'PUT',
    body: manifest(name),
    headers: { 'content-type': manifestType, ...headers },
    ...(agent && { agent }),
  });
}

async function tagsOf(url: string): Promise<readonly string[]> {
  return (JSON.parse((await ask(`${url}/tags/list`)).body) as { readonly tags: string[] }).tags;
}

async function prepared(workers = 2, environment: Readonly<Record<string, string>> = {}) {
  const { moorage, ready } = await startWorkers(workers, { environment });
  const url = `${ready.url}/v2/team/app`;
  const pushed = await ask(`${url}/blobs/uploads/?digest=${digestOf('{}')}`, { method: 'POST', body: '{}' });
  expect(pushed.status).toBe(201);
  return { moorage, url };
}

describe.runIf(process.platform === 'linux')('pushes through several workers', () => {
  it('land whole, of 64 writers', async () => {
    const { url } = await prepared();
    const agents = Array.from({ length: 64 }, () => new Agent({ keepAlive: true }));
    const pushes = agents.map(async (agent, writer) => {
      for (let at = 0; at < 8; at += 1) {
        const tag = `w${writer}-${at}`;
        expect(await push(url, tag, tag, { agent })).toMatchObject({ status: 201 });
        expect((await ask(`${url}/manifests/${tag}`)).body).toBe(manifest(tag));
      }
      agent.destroy();
    });
    await Promise.all(pushes);
    expect(await tagsOf(url)).toHaveLength(512);
  });

  it('let one of several writers win who demand that a tag is not there', async () => {
    const { url } = await prepared(3);
    for (const tag of ['one', 'two', 'three']) {
      const headers = { 'if-none-match': '*' };
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, at) => push(url, tag, `${tag}${at}`, { headers })),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array.from({ length: 11 }, () => 412)]);
      const refused = answers.find(({ status }) => status === 412);
      expect(refused?.body).toContain('If-None-Match names what is here now');
    }
  });

  it('refuse a tag that may not be changed, and deletes of what is not there, in every worker', async () => {
    const { url } = await prepared(2, {
      MOORAGE_ACCESS: JSON.stringify([
        { who: 'anonymous', may: ['pull', 'push', 'delete'] },
        { repositories: '**', immutable: 'v*' },
      ]),
    });
    expect((await push(url, 'v1', 'a')).status).toBe(201);
    for (let at = 0; at < 6; at += 1) {
      const refused = await push(url, 'v1', `other${at}`);
      expect(refused).toMatchObject({ status: 409 });
      expect(refused.body).toContain('tags v* are immutable here');
      expect(await ask(`${url}/manifests/v1`, { method: 'DELETE' })).toMatchObject({ status: 409 });
      expect(await ask(`${url}/manifests/absent`, { method: 'DELETE' })).toMatchObject({ status: 404 });
      expect(await push(url, `free${at}`, 'b')).toMatchObject({ status: 201 });
      expect(await ask(`${url}/manifests/free${at}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
    }
    expect(await tagsOf(url)).toEqual(['v1']);
  });

  it('are seen by every worker as soon as they are acknowledged, and gone when they are deleted', async () => {
    const { url } = await prepared();
    for (let at = 0; at < 20; at += 1) {
      await push(url, 'latest', `${at}`);
      const seen = await Promise.all(Array.from({ length: 4 }, () => ask(`${url}/manifests/latest`)));
      for (const { body } of seen) expect(body).toBe(manifest(`${at}`));
    }
    await ask(`${url}/manifests/${digestOf(manifest('19'))}`, { method: 'DELETE' });
    const gone = await Promise.all(Array.from({ length: 4 }, () => ask(`${url}/manifests/latest`)));
    expect(gone.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });

  it('stay when workers are killed meanwhile', async () => {
    const { moorage, url } = await prepared();
    const acknowledged: string[] = [];
    let isOver = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let at = 0; !isOver; at += 1) {
        const tag = `w${writer}-${at}`;
        const answer = await push(url, tag, tag).catch(() => undefined);
        if (answer?.status === 201) acknowledged.push(tag);
      }
    });
    for (let round = 0; round < 4; round += 1) {
      const enough = acknowledged.length + 40;
      while (acknowledged.length < enough) await push(url, 'beat', `${acknowledged.length}`).catch(() => undefined);
      const [first = 0, second = 0] = await workersOf(moorage);
      process.kill(round % 2 === 0 ? first : second, 'SIGKILL');
    }
    isOver = true;
    await Promise.all(writers);
    const tags = new Set(await tagsOf(url));
    expect(acknowledged.filter((tag) => !tags.has(tag))).toEqual([]);
    for (const tag of acknowledged.slice(-20)) expect((await ask(`${url}/manifests/${tag}`)).body).toBe(manifest(tag));
  });

  it('come back when another program takes them from index.json, whichever worker sees it', async () => {
    const { moorage, url } = await prepared();
    for (let at = 0; at < 5; at += 1) await push(url, `t${at}`, `t${at}`);
    const index = join(moorage.directory, 'registry', 'team', 'app', 'index.json');
    const empty = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };
    // As a tool does that had read the file before the pushes.
    await writeFile(index, JSON.stringify(empty));
    while ((await tagsOf(url)).length < 5) await new Promise((resolve) => setTimeout(resolve, 50));
  });
});
