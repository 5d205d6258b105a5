// Tokens for programs on real processes: made, used, and revoked while two servers run.
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programIsPublic, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const environment = { MOORAGE_AUTH_HTPASSWD: 'users' };
const serveArgs = ['serve', '--root', 'registry', '--port', '0'];

async function siteWithUsers(): Promise<string> {
  const directory = await scratchDirectory();
  await writeFile(join(directory, 'users'), `anna:$2y$10$${'a'.repeat(53)}\n`);
  return directory;
}

const token = (directory: string, ...args: readonly string[]) =>
  runMoorage(['token', ...args, '--root', 'registry'], { directory, environment });

function statusOf(url: string, path: string, credentials: string, method = 'GET'): Promise<number> {
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return fetch(`${url}${path}`, { method, headers: { authorization } }).then(async (answer) => {
    await answer.arrayBuffer();
    return answer.status;
  });
}

describe('moorage token', () => {
  it('makes what logs in at once, may what it was made for, and is out at once', { timeout: 600_000 }, async () => {
    const directory = await siteWithUsers();
    const servers = [];
    for (const _ of ['one', 'two']) servers.push(await startMoorage(serveArgs, { directory, environment }));
    const urls = (await Promise.all(servers.map((server) => server.ready()))).map(({ url }) => url);
    const created = await token(
      ...[directory, 'create', 'ci', '--repositories', 'team/*,tools', '--may', 'pull,push', '--expires', '30d'],
    );
    expect(created.code).toBe(0);
    expect(created.stdout).toMatch(/^moorage_\w[\w-]+\n$/);
    expect(created.stderr).toMatch(
      /^moorage: ci may pull, push in team\/\*, tools until [^\n]* is not shown again\.\n$/,
    );
    const secret = created.stdout.trim();
    for (const url of urls) {
      expect(await statusOf(url, '/v2/', `ci:${secret}`)).toBe(200);
      expect(await statusOf(url, '/v2/team/app/blobs/uploads/', `ci:${secret}`, 'POST')).toBe(202);
      expect(await statusOf(url, '/v2/tools/tags/list', `ci:${secret}`)).toBe(404);
      expect(await statusOf(url, '/v2/other/app/blobs/uploads/', `ci:${secret}`, 'POST')).toBe(403);
      expect(await statusOf(url, '/v2/team/app/manifests/v1', `ci:${secret}`, 'DELETE')).toBe(403);
      expect(await statusOf(url, '/v2/', `anna:${secret}`)).toBe(401);
    }
    const listed = await token(directory, 'list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({
      root: 'registry',
      tokens: [{ name: 'ci', repositories: ['team/*', 'tools'], may: ['pull', 'push'], isExpired: false }],
    });
    const table = await token(directory, 'list');
    expect(table.stdout).toMatch(/^NAME +REPOSITORIES +MAY +CREATED +EXPIRES\nci +team\/\*,tools +pull,push +20/);
    const file = await readFile(join(directory, 'registry/.moorage/tokens/ci.json'), 'utf8');
    const { secretHash } = JSON.parse(file) as { secretHash: string };
    expect(await token(directory, 'revoke', 'ci')).toMatchObject({ code: 0, stdout: 'revoked ci\n' });
    for (const url of urls) expect(await statusOf(url, '/v2/', `ci:${secret}`)).toBe(401);
    expect(await token(directory, 'revoke', 'ci')).toMatchObject({ code: 1 });
    // Nowhere but where it was asked for.
    const said = [listed, table, ...servers].map(({ stdout, stderr }) => stdout + stderr).join();
    for (const planted of [secret, secret.slice(-43), secretHash]) expect(said).not.toContain(planted);
    expect(file).not.toContain(secret.slice(-43));
  });

  it('has its own rights alone: rules about users do not mean it, immutable tags do', {
    timeout: 600_000,
  }, async () => {
    const directory = await siteWithUsers();
    const access = [
      { repositories: '**', who: 'authenticated', may: 'pull, push, delete' },
      { repositories: 'public/**', who: 'anonymous', may: 'pull' },
      { repositories: '**', immutable: 'v*' },
    ];
    const server = await startMoorage(serveArgs, {
      directory,
      environment: { ...environment, MOORAGE_ACCESS: JSON.stringify(access) },
    });
    const { url } = await server.ready();
    const make = async (name: string, may: string) =>
      `${name}:${(await token(directory, 'create', name, '--repositories', 'team/*', '--may', may)).stdout.trim()}`;
    const [pusher, builder, boss] = [
      await make('pusher', 'pull,push'),
      await make('builder', 'pull,create'),
      await make('boss', 'admin'),
    ];
    const push = async (who: string, name: string, tag: string, note: string) => {
      const mediaType = 'application/vnd.oci.image.index.v1+json';
      const answer = await fetch(`${url}/v2/${name}/manifests/${tag}`, {
        method: 'PUT',
        headers: { authorization: `Basic ${Buffer.from(who).toString('base64')}`, 'content-type': mediaType },
        body: JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations: { note } }),
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    expect(await push(pusher, 'team/app', 'v1', 'one')).toBe(201);
    expect(await push(pusher, 'team/app', 'v1', 'one')).toBe(201);
    expect(await push(pusher, 'team/app', 'v1', 'two')).toBe(409);
    expect(await push(pusher, 'team/app', 'latest', 'one')).toBe(201);
    expect(await push(builder, 'team/app', 'latest', 'two')).toBe(409);
    expect(await push(builder, 'team/app', 'new', 'two')).toBe(201);
    expect(await push(boss, 'team/app', 'v1', 'two')).toBe(201);
    for (const who of [pusher, builder, boss]) {
      expect(await push(who, 'other/app', 'latest', 'one')).toBe(403);
      expect(await statusOf(url, '/v2/other/app/tags/list', who)).toBe(403);
      expect(await statusOf(url, '/v2/public/app/tags/list', who)).toBe(404);
    }
    expect(await statusOf(url, '/v2/team/app/manifests/new', builder, 'DELETE')).toBe(403);
    expect(await statusOf(url, '/v2/team/app/manifests/new', boss, 'DELETE')).toBe(202);
  });

  it.each([
    [['create', 'anna', '--repositories', '**', '--may', 'pull'], 1, 'there is a user anna in users already'],
    [['create', 'a/b', '--repositories', '**', '--may', 'pull'], 2, 'NAME: "a/b" is none for a token'],
    [['create', 'a:b', '--repositories', '**', '--may', 'pull'], 2, 'NAME: "a:b" is none for a token'],
    [['create', 'ci', '--repositories', 'A b', '--may', 'pull'], 2, '"A b" is no pattern of names'],
    [['create', 'ci', '--repositories', '**', '--may', 'fly'], 2, '--may: "fly" is not one of pull, push'],
    [['create', 'ci', '--repositories', '**', '--may', 'pull', '--expires', 'soon'], 2, '--expires: "soon" is not a'],
    [['create', 'ci', '--may', 'pull'], 2, "required option '--repositories <patterns>' not specified"],
    [['revoke', '../../users'], 1, 'there is no token ../../users in registry'],
    [['revoke', 'nobody'], 1, 'there is no token nobody in registry'],
  ])('%j is answered with one line', { timeout: 600_000 }, async (args, code, text) => {
    const directory = await siteWithUsers();
    await mkdir(join(directory, 'registry/.moorage'), { recursive: true });
    const exit = await token(directory, ...args);
    expect(exit.stderr).toMatch(/^moorage: [^\n]+\n$/);
    expect(exit.stderr).toContain(text);
    expect(exit).toMatchObject({ code, stdout: '' });
  });

  it('wants a registry that is there, and says when nobody is asked who they are', { timeout: 600_000 }, async () => {
    const directory = await scratchDirectory();
    const args = ['token', 'create', 'ci', '--repositories', '**', '--may', 'pull', '--root', 'registry'];
    const none = await runMoorage(args, { directory });
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('there is no registry in registry; name it with --root');
    await mkdir(join(directory, 'registry/.moorage'), { recursive: true });
    const open = await runMoorage(args, { directory });
    expect(open.code).toBe(0);
    expect(open.stderr).toContain('nobody is asked who they are, so everybody may do everything');
    // The other way round: a user of that name would be taken for it.
    const user = await runMoorage(['user', 'add', 'ci', '--file', 'users', '--password-stdin'], {
      directory,
      environment: { MOORAGE_STORAGE_ROOT: 'registry' },
    });
    expect(user).toMatchObject({ code: 1 });
    expect(user.stderr).toContain('ci is the name of a token in registry; "moorage token revoke ci" ends it');
  });

  it.runIf(process.getuid?.() === 0 && programIsPublic())(
    'made by root works for a server that is another user',
    { timeout: 600_000 },
    async () => {
      const directory = await siteWithUsers();
      await mkdir(join(directory, 'registry'));
      for (const path of ['.', 'registry', 'users']) await chown(join(directory, path), 65_534, 65_534);
      const server = await startMoorage(serveArgs, { directory, environment, userId: 65_534 });
      const { url } = await server.ready();
      const created = await token(directory, 'create', 'ci', '--repositories', '**', '--may', 'pull');
      expect(created.code).toBe(0);
      expect(await statusOf(url, '/v2/', `ci:${created.stdout.trim()}`)).toBe(200);
      expect((await token(directory, 'list')).stdout).toContain('ci');
    },
  );
});
