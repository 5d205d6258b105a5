// Deliveries from a queue: in order, again, given up, and none of it forgotten.
import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/events/delivery.ts';
import { noDeliveryMeters } from '../../../src/events/delivery-meters.ts';
import type { EventEndpoint } from '../../../src/events/endpoint.ts';
import { EventQueue, queuedNotes } from '../../../src/events/event-queue.ts';
import type { DeliveryAttempt } from '../../../src/events/next-step.ts';
import type { RegistryEvent } from '../../../src/events/registry-event.ts';
import { eventKeys } from '../../../src/layout/files/keys.ts';
import type { FileState } from '../../../src/storage/filesystem/watched-file.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { RecordedLog } from '../../support/registry-under-test.ts';
import { TestClock } from '../../support/test-clock.ts';
import { endpointNamed } from '../../support/told-events.ts';

const content = { digest: 'sha256:aa', mediaType: 'text/plain', size: 2 };
const delivered: DeliveryAttempt = { kind: 'answered', status: 200, retryAfterMs: undefined };
const answer = (status: number): DeliveryAttempt => ({ ...delivered, status });
const minute = 60_000;
const never = new AbortController().signal;
const ours = () => true;

function eventNamed(id: string): RegistryEvent {
  return { id, atMs: 5, type: 'push', repository: 'team/app', content, tags: ['v1'], how: 'push' };
}

async function tested(others: Partial<EventEndpoint> = {}) {
  const clock = new TestClock();
  const store = new MemoryStore(() => clock.now());
  const queue = new EventQueue(store, 'ci');
  const log = new RecordedLog();
  const sent: string[] = [];
  const answers: (DeliveryAttempt | ((id: string) => DeliveryAttempt))[] = [];
  const deliver = async (_: EventEndpoint, { body }: { readonly body: string }) => {
    const { id } = JSON.parse(body) as { id: string };
    sent.push(id);
    const next = answers[0];
    if (typeof next !== 'function') answers.shift();
    return typeof next === 'function' ? next(id) : (next ?? delivered);
  };
  const parts = {
    queue,
    endpoint: endpointNamed('ci', others),
    deliver,
    host: 'site',
    clock,
    log,
    meters: noDeliveryMeters,
  };
  const begin = () => new Delivery({ ...parts, random: () => 0.999 });
  return {
    ...{ clock, store, queue, log, sent, answers, begin },
    put: async (...ids: string[]) => {
      for (const { key, bytes } of queuedNotes('ci', ids.map(eventNamed), clock.now())) await store.append(key, bytes);
    },
    deadIds: async () => {
      const letters = await Promise.all((await queue.deadKeys()).map((key) => queue.dead(key)));
      return letters.map((letter) => [letter?.event.id, letter?.why]);
    },
  };
}

describe('a delivery', () => {
  it('sends what waits in order, and what comes later, each once', async () => {
    const { put, begin, sent, queue } = await tested();
    await put('1', '2');
    await put('3');
    const delivery = begin();
    expect(await delivery.round(never, ours)).toBeUndefined();
    await put('4');
    await delivery.round(never, ours);
    expect(sent).toEqual(['1', '2', '3', '4']);
    expect(await queue.waiting()).toEqual([]);
  });

  it('sends more than it reads ahead', async () => {
    const { put, begin, sent } = await tested();
    const ids = Array.from({ length: 350 }, (_, at) => String(at));
    for (const id of ids) await put(id);
    await begin().round(never, ours);
    expect(sent).toEqual(ids);
  });

  it('waits with all of it while nobody answers, tells the log once, and goes on in order', async () => {
    const { put, begin, sent, answers, clock, log } = await tested();
    await put('1');
    await put('2');
    const delivery = begin();
    answers.push({ kind: 'failed', why: 'connect ECONNREFUSED' }, answer(503));
    expect(await delivery.round(never, ours)).toBeCloseTo(1_000, -2);
    expect(await delivery.round(never, ours)).toBeGreaterThan(0);
    expect(sent).toEqual(['1']);
    clock.advance(1_000);
    expect(await delivery.round(never, ours)).toBeCloseTo(2_000, -2);
    clock.advance(2_000);
    await delivery.round(never, ours);
    expect(sent).toEqual(['1', '1', '1', '2']);
    expect(log.lines.map(({ message }) => message)).toEqual([
      'events cannot be delivered; trying again',
      'events are delivered again',
    ]);
  });

  it('does not hold up the others for one that the endpoint cannot stomach', async () => {
    const { put, begin, sent, answers, clock } = await tested();
    await put('bad');
    await put('good');
    answers.push((id) => (id === 'bad' ? answer(500) : delivered));
    const delivery = begin();
    await delivery.round(never, ours);
    expect(sent).toEqual(['bad', 'good']);
    clock.advance(minute);
    answers.length = 0;
    await delivery.round(never, ours);
    expect(sent).toEqual(['bad', 'good', 'bad']);
  });

  it('keeps what was refused as a dead letter, and sends it when it is asked to', async () => {
    const { put, begin, sent, answers, queue, deadIds, log, clock } = await tested();
    await put('1', '2');
    answers.push(answer(422));
    await begin().round(never, ours);
    expect(sent).toEqual(['1', '2']);
    expect(await deadIds()).toEqual([['1', 'it answers 422']]);
    expect(await queue.waiting()).toEqual([]);
    expect(log.lines.some(({ message }) => message.includes('moorage events'))).toBe(true);
    const [key] = await queue.deadKeys();
    const letter = key && (await queue.dead(key));
    if (letter === undefined) throw new Error('there is no dead letter');
    await queue.revive(letter, clock.now());
    await begin().round(never, ours);
    expect(sent).toEqual(['1', '2', '1']);
    expect(await deadIds()).toEqual([]);
  });

  it('gives up what nobody took for as long as that was worth it', async () => {
    const { put, begin, answers, clock, deadIds, queue } = await tested({ giveUpAfterMs: 10 * minute });
    await put('1');
    answers.push(() => ({ kind: 'failed', why: 'connect ECONNREFUSED' }));
    const delivery = begin();
    for (let round = 0; round < 20; round += 1) {
      await delivery.round(never, ours);
      clock.advance(minute);
    }
    expect(await deadIds()).toEqual([['1', expect.stringMatching(/^connect ECONNREFUSED, after \d+ attempts$/)]]);
    expect(await queue.waiting()).toEqual([]);
  });

  it('begins anew where another process was, with what that had not settled', async () => {
    const { put, begin, sent, answers, queue } = await tested();
    await put('1', '2');
    answers.push(delivered, { kind: 'failed', why: 'cut off' });
    await begin().round(never, ours);
    expect(await queue.waiting()).toHaveLength(1);
    await begin().round(never, ours);
    expect(sent).toEqual(['1', '2', '1', '2']);
    expect(await queue.waiting()).toEqual([]);
  });

  it('waits for the end of a file that is being written, and takes what is there of one that a crash cut short', async () => {
    const { begin, sent, store, queue, clock, put } = await tested();
    const [note] = queuedNotes('ci', ['1', '2'].map(eventNamed), clock.now());
    if (note === undefined) throw new Error('there is no note');
    const text = Buffer.from(note.bytes).toString();
    await store.append(note.key, Buffer.from(''));
    const delivery = begin();
    await delivery.round(never, ours);
    await store.append(note.key, Buffer.from(text.slice(0, text.length - 20)));
    clock.advance(2_000);
    await put('3');
    await delivery.round(never, ours);
    expect([sent, (await queue.waiting()).length]).toEqual([['3'], 1]);
    clock.advance(minute);
    await delivery.round(never, ours);
    expect([sent, await queue.waiting()]).toEqual([['3', '1'], []]);
  });

  it('sends a file once it is whole, however late that is', async () => {
    const { begin, sent, store, queue, clock } = await tested();
    const [note] = queuedNotes('ci', ['1', '2'].map(eventNamed), clock.now());
    if (note === undefined) throw new Error('there is no note');
    await store.append(note.key, note.bytes.subarray(0, 30));
    const delivery = begin();
    await delivery.round(never, ours);
    await store.append(note.key, note.bytes.subarray(30));
    clock.advance(2_000);
    await delivery.round(never, ours);
    expect([sent, await queue.waiting()]).toEqual([['1', '2'], []]);
  });

  it.each([
    ['of a later version', '{"id":"9","atMs":5,"type":"scan","repository":"team/app"}'],
    ['without what its type has', '{"id":"9","atMs":5,"type":"push"}'],
    ['of no time', `{"id":"9","atMs":1e300,"type":"collection","mount":"","freedBytes":1,"tookMs":1}`],
    ['that is none', 'hello'],
  ])('leaves out a line %s, and says so', async (_what, line) => {
    const { begin, sent, store, queue, clock, log, put } = await tested();
    const [note] = queuedNotes('ci', [eventNamed('1')], clock.now());
    if (note === undefined) throw new Error('there is no note');
    await store.append(note.key, Buffer.from(`${line}\n`));
    await store.append(note.key, note.bytes);
    await put('2');
    await begin().round(never, ours);
    expect([sent, await queue.waiting()]).toEqual([['1', '2'], []]);
    expect(log.lines[0]?.message).toBe('events are not understood, and left out');
  });

  it('passes over what is too large to be one of its files', async () => {
    const { begin, sent, store, queue, put, log } = await tested();
    await store.append(
      `${eventKeys.waiting('ci')}/000000000000001-000001-stranger` as Key,
      Buffer.alloc(65 * 1024 * 1024),
    );
    await put('1');
    const delivery = begin();
    await delivery.round(never, ours);
    await delivery.round(never, ours);
    expect([sent, (await queue.waiting()).length]).toEqual([['1'], 1]);
    expect(log.lines.map(({ message }) => message)).toEqual([
      'a file in a queue of events cannot be read; it is passed over',
    ]);
  });

  it('lists a long queue a few times, and not for each message', async () => {
    const { begin, sent, store, put } = await tested();
    const ids = Array.from({ length: 1_000 }, (_, at) => String(at));
    for (const id of ids) await put(id);
    let lists = 0;
    const list = store.list.bind(store);
    store.list = (prefix) => {
      lists += 1;
      return list(prefix);
    };
    await begin().round(never, ours);
    expect(sent).toEqual(ids);
    expect(lists).toBeLessThan(150);
  });

  it('goes on with others beside thousands that the endpoint cannot stomach', async () => {
    const { begin, sent, answers, put } = await tested();
    const bad = Array.from({ length: 500 }, (_, at) => `bad${at}`);
    await put(...bad);
    await put('good');
    answers.push((id) => (id === 'good' ? delivered : answer(500)));
    await begin().round(never, ours);
    expect(sent).toEqual([...bad, 'good']);
  });

  it('tells nothing that another process has told since', async () => {
    const { begin, sent, answers, put, clock } = await tested();
    await put('1');
    await put('2');
    answers.push({ kind: 'failed', why: 'away' });
    const first = begin();
    await first.round(never, ours);
    const second = begin();
    await second.round(never, ours);
    expect(sent).toEqual(['1', '1', '2']);
    clock.advance(minute);
    await first.round(never, ours);
    expect(sent).toHaveLength(3);
    await put('3');
    await first.round(never, () => false);
    expect(sent).toHaveLength(3);
  });

  it('does not call an endpoint back that is away while its messages are given up', async () => {
    const { begin, answers, put, clock, log } = await tested({ giveUpAfterMs: 1_000 });
    await put('1');
    answers.push(() => ({ kind: 'failed', why: 'away' }));
    const delivery = begin();
    for (let round = 0; round < 8; round += 1) {
      await delivery.round(never, ours);
      clock.advance(minute);
    }
    expect(log.lines.map(({ message }) => message)).toEqual([
      'events cannot be delivered; trying again',
      'an event could not be delivered; "moorage events" lists it',
    ]);
  });

  it('waits while a file of its secrets cannot be read', async () => {
    let state: FileState = { kind: 'unusable', reason: 'there is no such file' };
    const { put, begin, sent, clock, log } = await tested({ secret: { current: () => state } });
    await put('1');
    const delivery = begin();
    await delivery.round(never, ours);
    expect([sent, log.lines[0]?.details]).toEqual([
      [],
      { endpoint: 'ci', why: 'a file of its secrets cannot be used: there is no such file' },
    ]);
    state = { kind: 'read', bytes: Buffer.from('s3cret\n') };
    clock.advance(minute);
    await delivery.round(never, ours);
    expect(sent).toEqual(['1']);
  });
});
