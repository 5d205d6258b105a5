// What an operator changes while others work: a certificate that is swapped, a user who is removed, a password, a robot that is revoked. On
// two servers of one root, over TLS, by passwords and by tokens: nobody else notices.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { expect, it } from 'vitest';
import { type MadePair, makeAuthority } from '../support/certificates.ts';
import { askOverTls } from '../support/https-client.ts';
import { runMoorage, runShell, scratchDirectory, startMoorage } from './moorage-process.ts';

const authority = await makeAuthority();
const pairs = [await authority.server(), await authority.server()] as const;

/** Nothing was pushed: there is no such repository for who may look. */
const letIn = 404;

const users = { anna: 'secret-a', bert: 'secret-b', cora: 'secret-c' };

const settings = `
server: {listen: 127.0.0.1:0, tls: {certificate: ..data/tls.crt, key: ..data/tls.key}}
auth: {htpasswd: users}
access: [{repositories: "team/*", who: authenticated, may: [pull, push]}]
`;

function place(directory: string): void {
  writeFileSync(join(directory, 'moorage.yaml'), settings);
  const lines = Object.entries(users).map(([name, password]) => `${name}:${hashSync(password, 4)}\n`);
  writeFileSync(join(directory, 'users'), lines.join(''));
  for (const [at, { certificate, key }] of pairs.entries()) {
    mkdirSync(join(directory, `${at}`));
    writeFileSync(join(directory, `${at}`, 'tls.crt'), certificate);
    writeFileSync(join(directory, `${at}`, 'tls.key'), key, { mode: 0o600 });
  }
  symlinkSync('0', join(directory, '..data'));
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** One server, asked over a connection that stays or a new one each time. */
class Asked {
  readonly #port: number;
  readonly #kept = new Agent({ keepAlive: true, maxSockets: 2 });

  constructor(port: number) {
    this.#port = port;
  }

  async status(authorization: string, isKept = false): Promise<number> {
    return (await this.#ask('/v2/team/app/tags/list', authorization, isKept ? this.#kept : false)).status;
  }

  async token(authorization: string): Promise<string> {
    const { body } = await this.#ask('/token?service=moorage&scope=repository:team/app:pull', authorization, false);
    return `Bearer ${(JSON.parse(body.toString()) as { readonly token: string }).token}`;
  }

  async fingerprint(): Promise<string> {
    return (await this.#ask('/livez', '', false)).fingerprint;
  }

  end(): void {
    this.#kept.destroy();
  }

  #ask(path: string, authorization: string, agent: Agent | false) {
    const headers = authorization === '' ? {} : { authorization };
    return askOverTls({ port: this.#port, ca: authority.certificate, path, headers, agent });
  }
}

it('changes reach both servers, and fail nobody else', { timeout: 600_000 }, async () => {
  const directory = await scratchDirectory();
  place(directory);
  const args = ['serve', '--config', 'moorage.yaml'];
  const servers = [await startMoorage(args, { directory })];
  await servers[0]?.ready();
  servers.push(await startMoorage(args, { directory }));
  const asked = (await Promise.all(servers.map((server) => server.ready()))).map(({ port }) => new Asked(port));
  const made = await runShell("moorage token create ci --repositories 'team/*' --may pull --config moorage.yaml", {
    directory,
  });
  const robot = basic('ci', made.stdout.trim());
  const anna = basic('anna', users.anna);
  /** Until they are refused on both. */
  const untilOut = async (...credentials: string[]) => {
    for (const each of asked) for (const shown of credentials) while ((await each.status(shown)) !== 401);
  };
  const leaving = { bert: basic('bert', users.bert), cora: basic('cora', users.cora), robot };
  const tokens: Record<string, string> = {};
  for (const [name, shown] of Object.entries(leaving)) {
    for (const each of asked) expect(await each.status(shown)).toBe(letIn);
    tokens[name] = (await asked[0]?.token(shown)) ?? '';
    // Signed by one, taken by the other.
    expect(await asked[1]?.status(tokens[name] ?? '')).toBe(letIn);
  }

  let isDone = false;
  const statuses = new Map<number, number>();
  const working = asked.flatMap((each) =>
    ['password', 'token'].map(async (way) => {
      while (!isDone) {
        const shown = way === 'password' ? anna : await each.token(anna);
        for (const isKept of [true, false, true]) {
          const status = await each.status(shown, isKept);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }
    }),
  );

  symlinkSync('1', join(directory, '..new'));
  renameSync(join(directory, '..new'), join(directory, '..data'));
  for (const each of asked) while ((await each.fingerprint()) !== fingerprintOf(pairs[1]));

  expect(await runMoorage(['user', 'remove', 'bert', '--file', 'users'], { directory })).toMatchObject({ code: 0 });
  await untilOut(leaving.bert, tokens.bert ?? '');

  const added = await runShell('moorage user add cora --password-stdin --file users <<< changed', { directory });
  expect(added).toMatchObject({ code: 0 });
  await untilOut(leaving.cora, tokens.cora ?? '');
  for (const each of asked) expect(await each.status(basic('cora', 'changed'))).toBe(letIn);

  expect(await runMoorage(['token', 'revoke', 'ci', '--config', 'moorage.yaml'], { directory })).toMatchObject({
    code: 0,
  });
  // No server remembers a robot: there is nothing to wait for.
  for (const each of asked) {
    for (const shown of [robot, tokens.robot ?? '']) expect(await each.status(shown)).toBe(401);
  }

  isDone = true;
  await Promise.all(working);
  for (const each of asked) each.end();
  expect([...statuses.keys()]).toEqual([letIn]);
  expect(statuses.get(letIn)).toBeGreaterThan(20);
});

function fingerprintOf({ certificate }: MadePair): string {
  return new X509Certificate(certificate).fingerprint256;
}
