// Clients that never write: no connection stays for ever.
import { describe, expect, it } from 'vitest';
import { head, rawConnection } from './support/raw-connection.ts';
import { registryApp } from './support/registry-app.ts';

describe('a connection', () => {
  it.each([
    ['on which nothing is ever sent', ''],
    ['on which half a head is sent', 'GET /v2/ HTTP/1.1\r\nHost:'],
  ])('%s is closed after the stall timeout', async (_what, bytes) => {
    const { app } = registryApp({ settings: { stallTimeoutMs: 200 } });
    const connection = await rawConnection(app);
    await connection.write(bytes);
    await connection.closed();
    expect(connection.receivedText()).toBe('');
  });

  it('that is idle after an answer is closed after the keep-alive timeout', async () => {
    const { app } = registryApp({ settings: { keepAliveTimeoutMs: 200 } });
    const connection = await rawConnection(app);
    await connection.write(head('GET /v2/'));
    expect((await connection.answer()).status).toBe(200);
    await connection.closed();
  });
});
