// Server-sent events as the page reads them, in whatever pieces they come.
import { expect, it } from 'vitest';
import { eventsIn } from '../../page/event-text.ts';

const push = 'id: 1\nevent: push\ndata: {"type":"io.moorage.manifest.pushed","data":{"repository":"team/app"}}\n\n';
const collection = 'id: 2\nevent: collection\ndata: {"data":{"mount":""}}\n\n';
const missed = 'event: missed\ndata: {}\n\n';
const all = `retry: 2000\n\n${push}: \n\n${collection}${missed}`;
const heard = [
  { id: '1', name: 'push', repository: 'team/app' },
  { id: '2', name: 'collection', repository: undefined },
  { id: undefined, name: 'missed', repository: undefined },
];

it('are read with their id, name and repository; comments and words about the connection are none', () => {
  expect(eventsIn(all)).toEqual({ events: heard, rest: '' });
});

it.each([1, 2, 7, 64])('are whole, also where they come in pieces of %i characters', (length) => {
  const events = [];
  let text = '';
  for (let at = 0; at < all.length; at += length) {
    const { events: more, rest } = eventsIn(text + all.slice(at, at + length));
    events.push(...more);
    text = rest;
  }
  expect([events, text]).toEqual([heard, '']);
});
