// Clients that stop: they never finish a request, never send the rest of a body, never read an answer. The connection
// is closed in the end. These checks wait for the server, minutes if need be, beside all others.
import { setTimeout as sleep } from 'node:timers/promises';
import { check, type Section } from '../check/check.ts';
import { expectStatus, expectTrue } from '../check/expect.ts';
import type { RawConnection } from '../client/raw-connection.ts';
import { randomBlob } from '../registry/content.ts';
import { expectSize } from './blob-chunks.ts';

const patienceMs = 240_000;
const clause = 'RFC 9110, section 15.5.9; a server must not be held by clients that stall';

const neverWrites = check({
  id: 'BAD-BODY',
  name: 'a client that opens a connection and sends half a head is disconnected in the end',
  clause,
  level: 'CHOSEN',
  patient: true,
  run: async (registry) => {
    const connection = await registry.connect();
    await connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n');
    expectTrue(await connection.closes(patienceMs), `still connected after ${patienceMs / 1000} s`);
  },
});

const stallsInBody = check({
  id: 'BAD-BODY',
  name: 'a PATCH whose body stops coming is disconnected in the end; the session can be resumed',
  clause,
  level: 'CHOSEN',
  patient: true,
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(1000);
    const session = await repository.startUpload();
    expectStatus(await session.patch(blob.bytes.subarray(0, 400), { range: '0-399' }), 202);
    const { pathname, search, host } = new URL(session.location);
    const connection = await registry.connect();
    await connection.write(`PATCH ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 600\r\n\r\n`);
    await connection.write(blob.bytes.subarray(400, 500));
    expectTrue(await connection.closes(patienceMs), `still connected after ${patienceMs / 1000} s`);
    const answer = await session.status();
    expectStatus(answer, 204);
    const size = Number(/-(\d+)$/.exec(answer.header('Range') ?? '')?.[1]) + 1;
    expectTrue(size === 400 || size === 500, `the session says ${size} bytes`, answer);
    expectStatus(await session.patch(blob.bytes.subarray(size), { range: `${size}-999` }), 202);
    await expectSize(session, 1000);
    expectStatus(await session.put(blob.digest), 201);
  },
});

const neverReads = check({
  id: 'BAD-BODY',
  name: 'a client that asks for 64 MiB and never reads is disconnected in the end',
  clause,
  level: 'CHOSEN',
  patient: true,
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob(64 * 1024 * 1024);
    await repository.pushBlob(blob);
    const request = `GET ${repository.path(`blobs/${blob.digest}`)} HTTP/1.1\r\nHost: x\r\n\r\n`;
    // A silent socket does not tell that the server has closed it; what comes when reading starts after all does. And
    // reading, or writing to ask, would end the stall: so one connection for each time to wait.
    const found = new AbortController();
    const waits = [70_000, 100_000, 150_000, patienceMs].map(async (waitMs) => {
      const connection = await registry.connect();
      connection.pause();
      try {
        await connection.write(request);
        await sleep(waitMs, undefined, { signal: found.signal });
        connection.resume();
        const received = await drained(connection, blob.bytes.length);
        if (received >= blob.bytes.length) throw new Error('the whole blob came');
      } finally {
        connection.destroy();
      }
    });
    const cutOff = await Promise.any(waits).then(
      () => true,
      () => false,
    );
    found.abort();
    expectTrue(cutOff, `still connected after ${patienceMs / 1000} s`);
  },
});

/** How many bytes come until the connection closes, all of the blob came, or nothing more comes. */
async function drained(connection: RawConnection, whole: number): Promise<number> {
  let before = -1;
  while (connection.receivedBytes < whole && connection.receivedBytes > before) {
    before = connection.receivedBytes;
    if (await connection.closes(5000)) break;
  }
  return connection.receivedBytes;
}

export const stalls: Section = { title: 'Stalling clients', checks: [neverWrites, stallsInBody, neverReads] };
