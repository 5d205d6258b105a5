// Stopping: what runs is finished, what comes is refused, no connection lingers.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.ts';
import { codesOf } from './support/answers.ts';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

describe('a server that stops', () => {
  it('refuses a request that begins with 503, in the envelope', async () => {
    const { app } = registryApp();
    const connection = await rawConnection(app);
    // The second head is half there, so that the connection is not idle.
    await connection.write(`${head('GET /v2/')}GET /v2/ HTTP/1.1\r\nHost:`);
    expect((await connection.answer()).status).toBe(200);
    const stopped = app.close();
    await expect.poll(() => app.server.listening).toBe(false);
    await connection.write(' a\r\n\r\n');
    const answer = await connection.answer();
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({ connection: 'close', 'retry-after': '1' });
    expect(codesOf(answer)).toEqual(['UNAVAILABLE']);
    await connection.closed();
    await stopped;
  });

  it('finishes an upload under way and then closes its connection', async () => {
    const { app } = registryApp();
    const blob = Buffer.from('hello');
    const connection = await rawConnection(app);
    const url = `/v2/a/blobs/uploads/?digest=${digestOf(blob)}`;
    await connection.write(`${head('GET /v2/')}${head(`POST ${url}`, { 'Content-Length': 5 })}he`);
    expect((await connection.answer()).status).toBe(200);
    const stopped = app.close();
    await expect.poll(() => app.server.listening).toBe(false);
    await connection.write('llo');
    const answer = await connection.answer();
    expect(answer.status).toBe(201);
    expect(answer.headers.connection).toBe('close');
    await connection.closed();
    await stopped;
  });
});
