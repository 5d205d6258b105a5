// Secrets that are planted wherever a client or an operator has one, and looked for in all that moorage says: log, audit, answers, errors, traces,
// and the output of every command.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { expect, it } from 'vitest';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const password = 'PLANTED-password-of-anna';
const wrong = 'PLANTED-password-that-is-wrong';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** As it is: fetch would not send an absolute target, or a password in it. */
function send(port: number, method: string, path: string, headers: object, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, method, path, headers: { ...headers } }, (response) => {
      let text = JSON.stringify(response.headers);
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject).end(body);
  });
}

it('are nowhere but where they were asked for', { timeout: 600_000 }, async () => {
  const directory = await scratchDirectory();
  const hash = hashSync(password, 4);
  await writeFile(join(directory, 'users'), `anna:${hash}\n`);
  const environment = {
    ...{ MOORAGE_AUTH_HTPASSWD: 'users', MOORAGE_AUDIT_FILE: 'audit.jsonl', MOORAGE_LOG_LEVEL: 'debug' },
    MOORAGE_STORAGE_ROOT: 'registry',
  };
  const server = await startMoorage(['serve', '--port', '0'], { directory, environment });
  const { port } = await server.ready();
  const made = await runMoorage(['token', 'create', 'ci', '--repositories', '**', '--may', 'pull'], {
    directory,
    environment,
  });
  const secret = made.stdout.trim();
  const issued = await send(port, 'GET', '/token?scope=repository:a:pull,push', {
    authorization: basic(`anna:${password}`),
  });
  const { token } = JSON.parse(/\{"token".*$/.exec(issued.text)?.[0] ?? '{}') as { token: string };
  expect(token.length).toBeGreaterThan(100);

  const authorizations = [
    basic(`anna:${password}`),
    basic(`anna:${wrong}`),
    basic(`${wrong}:anna`),
    basic(`ci:${secret}`),
    basic(`ci:${secret}x`),
    basic(wrong),
    `Bearer ${token}`,
    `Bearer ${token}x`,
    `Bearer ${secret}`,
    `Digest ${wrong}`,
    wrong,
  ];
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const answers: Answer[] = [];
  for (const authorization of authorizations) {
    // At once: who shows the same wrong password waits for the same answer.
    const requests = [
      ['GET', '/v2/'],
      ['GET', `/v2/a/manifests/v1?password=${wrong}&access_token=${token}`],
      ['PUT', '/v2/a/manifests/v1'],
      ['POST', '/v2/a/blobs/uploads/'],
      ['GET', `http://anna:${password}@localhost:${port}/v2/a/tags/list`],
      ['GET', `/nowhere?password=${password}`],
      ['BREW', '/v2/'],
    ] as const;
    const sent = requests.map(([method, path]) => send(port, method, path, { authorization }));
    answers.push(...(await Promise.all(sent)));
  }
  for (const given of [password, wrong]) {
    const body = new URLSearchParams({ grant_type: 'password', username: 'anna', password: given }).toString();
    const answer = await send(port, 'POST', '/token', form, body);
    // The token that it asked for is its own.
    answers.push({ ...answer, text: answer.text.replace(/"(?:access_)?token":"[^"]*"/g, '') });
    answers.push(
      await send(port, 'POST', '/token', form, body.replace('grant_type=password', 'grant_type=refresh_token')),
    );
  }
  // A file that breaks while it is served: the whole line is a secret.
  await writeFile(join(directory, 'users'), `anna:${hash}\n${wrong}\nbert:${wrong}\n`);
  while (!server.stderr.includes('users stay as they were'))
    await send(port, 'GET', '/v2/', { authorization: basic(`anna:${wrong}`) });
  const commands = [
    ['user', 'list'],
    ['user', 'list', '--json'],
    ['token', 'list'],
    ['token', 'list', '--json'],
    ['ls', '--json'],
    ['verify', '--json'],
    ['inspect', 'registry', '--json'],
    ['gc', '--dry-run', '--json'],
    ['du', '--json'],
    ['access', 'test', 'anna', 'pull', 'a'],
  ];
  const outputs = [];
  for (const args of commands) outputs.push(await runMoorage(args, { directory, environment }));
  const said = outputs.map(({ stdout, stderr }) => stdout + stderr);
  server.signal('SIGTERM');
  const { stdout, stderr } = await server.exited;

  const keys = join(directory, 'registry/.moorage/keys');
  const keyTexts = await Promise.all((await readdir(keys)).map((name) => readFile(join(keys, name), 'utf8')));
  const keyMaterial = keyTexts.flatMap((text) => text.match(/[\w+/=-]{32,}/g) ?? []);
  expect(keyMaterial.length).toBeGreaterThan(0);
  const tokenFile = JSON.parse(await readFile(join(directory, 'registry/.moorage/tokens/ci.json'), 'utf8'));
  const audit = await readFile(join(directory, 'audit.jsonl'), 'utf8');
  const all = {
    stdout,
    stderr,
    audit,
    answers: answers.map(({ text }) => text).join('\n'),
    said: said.join('\n'),
    made: made.stderr,
  };
  const secrets = [
    ...['PLANTED', hash, hash.slice(-31), secret, secret.slice(-43), token, String(tokenFile.secretHash)],
    ...authorizations.slice(0, 6).map((header) => header.slice('Basic '.length)),
    ...keyMaterial,
  ];
  for (const [where, text] of Object.entries(all)) {
    expect(text.length, where).toBeGreaterThan(0);
    for (const planted of secrets) expect(text.includes(planted), `${planted.slice(0, 12)}... in ${where}`).toBe(false);
  }
});
