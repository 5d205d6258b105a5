// Stopping: running requests finish, new ones are not taken, and the exit code tells which way it ended.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type MoorageProcess, type Ready, startMoorage } from './moorage-process.ts';

async function beginUpload({
  url,
}: Ready): Promise<{ put: ClientRequest; answer: Promise<IncomingMessage>; body: Buffer }> {
  const body = randomBytes(200_000);
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const session = await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
  const put = request(`${url}${session.headers.get('location')}?digest=${digest}`, {
    method: 'PUT',
    headers: { 'content-length': body.length, 'content-type': 'application/octet-stream', expect: '100-continue' },
  });
  const answer = once(put, 'response').then(([response]) => response as IncomingMessage);
  answer.catch(() => {});
  put.flushHeaders();
  // The server has the request once it asks for the body.
  await once(put, 'continue');
  put.write(body.subarray(0, 100_000));
  return { put, answer, body };
}

async function started(args: readonly string[], environment = {}): Promise<{ moorage: MoorageProcess; ready: Ready }> {
  const moorage = await startMoorage([...args, '--listen', '127.0.0.1:0'], { environment });
  return { moorage, ready: await moorage.ready() };
}

describe('SIGTERM and SIGINT', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle server with 0', async (signal) => {
    const { moorage, ready } = await started([]);
    // Leaves a kept-alive connection behind.
    await (await fetch(`${ready.url}/v2/`)).text();
    moorage.signal(signal);
    expect(await moorage.exited).toMatchObject({ code: 0, signal: null });
    expect(moorage.stderr).toContain(`"signal":"${signal}"`);
    expect(moorage.stderr).toContain('"msg":"stopped"');
  });

  it('let a running upload finish, and take no new requests meanwhile', async () => {
    const { moorage, ready } = await started([]);
    const { put, answer, body } = await beginUpload(ready);
    moorage.signal('SIGTERM');
    await moorage.says(/stopping/);
    await expect(fetch(`${ready.url}/v2/`)).rejects.toThrow();
    put.end(body.subarray(100_000));
    const response = await answer;
    expect(response.statusCode).toBe(201);
    response.resume();
    expect(await moorage.exited).toMatchObject({ code: 0 });
  });

  it('cut what is still running at the deadline', async () => {
    const { moorage, ready } = await started([], { MOORAGE_SERVER_SHUTDOWN_TIMEOUT: '200ms' });
    const { answer } = await beginUpload(ready);
    moorage.signal('SIGTERM');
    await expect(answer).rejects.toThrow();
    expect(await moorage.exited).toMatchObject({ code: 0 });
    expect(moorage.stderr).toContain('requests still running are cut');
  });

  it('a second one ends it at once, with the code of the signal', async () => {
    const { moorage, ready } = await started([]);
    await beginUpload(ready);
    moorage.signal('SIGTERM');
    await moorage.says(/stopping/);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 143 });
  });
});

describe('SIGHUP', () => {
  it('does not end a server without a terminal', async () => {
    const { moorage, ready } = await started([]);
    moorage.signal('SIGHUP');
    expect((await fetch(`${ready.url}/livez`)).status).toBe(200);
    moorage.signal('SIGTERM');
    expect(await moorage.exited).toMatchObject({ code: 0 });
    expect(moorage.stderr).toContain('SIGHUP: there is no configuration file to be read again');
    expect(moorage.stderr).not.toContain('"signal":"SIGHUP"');
  });
});

describe('a reader that stands still', () => {
  it.each(['stdout', 'stderr'] as const)('on %s neither stops the server nor keeps it from ending', async (stream) => {
    const { moorage, ready } = await started([], { MOORAGE_LOG_LEVEL: 'debug' });
    moorage.stopReading(stream);
    const ask = async () => (await fetch(`${ready.url}/v2/a/tags/list`)).arrayBuffer();
    // Some 200 bytes a line: several times what pipes and sockets hold.
    for (let at = 0; at < 60; at += 1) await Promise.all(Array.from({ length: 50 }, ask));
    moorage.signal('SIGTERM');
    expect(await moorage.ended).toEqual([0, null]);
  });
});

describe('an error that nobody caught', () => {
  it('is logged, and ends the server with 1', async () => {
    const fault = 'process.on("SIGUSR2", () => { throw new Error("brought about by the test"); })';
    const { moorage } = await started(['--ephemeral'], {
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(fault)}`,
    });
    moorage.signal('SIGUSR2');
    expect(await moorage.exited).toMatchObject({ code: 1, signal: null });
    expect(moorage.stderr).toMatch(/"level":"fatal".*brought about by the test.*"msg":"internal error, stopping"/);
  });
});

describe('a lost standard output', () => {
  it('does not end the server', async () => {
    const moorage = await startMoorage(['--ephemeral', '--listen', '127.0.0.1:0']);
    moorage.closeStandardOutput();
    await moorage.says(/"msg":"listening".*/);
    const [, port] = /"port":(\d+)/.exec(moorage.stderr) ?? [];
    expect((await fetch(`http://127.0.0.1:${port}/v2/`)).status).toBe(200);
  });
});

describe('the log', () => {
  it('has one line a request, without query and headers', async () => {
    const { moorage, ready } = await started([]);
    await fetch(`${ready.url}/v2/team/app/tags/list?n=5&token=secret1`, {
      headers: { authorization: 'Bearer secret2' },
    });
    await moorage.says(/"msg":"request"/);
    const [line] = moorage.stderr.split('\n').filter((each) => each.includes('"msg":"request"'));
    expect(JSON.parse(line ?? '')).toMatchObject({ level: 'info', method: 'GET', repository: 'team/app', status: 404 });
    expect(moorage.stderr).not.toMatch(/secret/);
  });

  it('has none with log.requests off', async () => {
    const { moorage, ready } = await started([], { MOORAGE_LOG_REQUESTS: 'false' });
    await fetch(`${ready.url}/v2/`);
    moorage.signal('SIGTERM');
    const { stderr } = await moorage.exited;
    expect(stderr).toContain('"msg":"stopped"');
    expect(stderr).not.toContain('"msg":"request"');
  });
});
