// What happens in one worker is told to another one while somebody listens there.
import { expect, it } from 'vitest';
import { EventFeed } from '../../../src/events/event-feed.ts';
import type { RegistryEvent } from '../../../src/events/registry-event.ts';
import { sharedEvents } from '../../../src/workers/shared-events.ts';
import { TestClock } from '../../support/test-clock.ts';

type Listening = Map<string, (news: unknown, from: number) => void>;

/** Two workers that hear each other at once, and what was said between them. */
function twoWorkers(clock: TestClock) {
  const ears: readonly Listening[] = [new Map(), new Map()];
  const said: string[] = [];
  const feeds = ears.map((own, at) => {
    const tell = (topic: string, news: unknown) => {
      said.push(topic);
      ears[1 - at]?.get(topic)?.(news, at);
    };
    const listen = (topic: string, listener: (news: unknown, from: number) => void) => void own.set(topic, listener);
    return new EventFeed({ host: 'site', sharing: sharedEvents({ tell, listen }, clock) });
  });
  return { feeds: feeds as [EventFeed, EventFeed], said };
}

const collected = (id: string): RegistryEvent => ({
  id,
  atMs: 0,
  type: 'collection',
  mount: '',
  freedBytes: 1,
  tookMs: 1,
});

it('and not while nobody does', () => {
  const clock = new TestClock();
  const {
    feeds: [one, other],
    said,
  } = twoWorkers(clock);
  one.add([collected('1')]);
  expect(said).toEqual([]);
  const heard: string[] = [];
  const { stop } = other.listen(({ id }) => heard.push(id), undefined);
  one.add([collected('2')]);
  other.add([collected('3')]);
  expect([heard, said]).toEqual([
    ['2', '3'],
    ['events wanted', 'events'],
  ]);
  stop();
  one.add([collected('4')]);
  // Cut off for a moment: it hears what came meanwhile, wherever that was.
  other.listen(({ id }) => heard.push(id), '3');
  expect(heard).toEqual(['2', '3', '4']);
  clock.advance(11 * 60_000);
  said.length = 0;
  one.add([collected('5')]);
  expect(said).toEqual([]);
});
