// Encoded lists: the right JSON, made once for each list.
import { describe, expect, it } from 'vitest';
import { JsonLists } from '../../../src/http/json-list.ts';

describe('JsonLists', () => {
  it('puts the list between its surroundings', () => {
    const lists = new JsonLists();
    expect(lists.around(['a', 'ä'], '{"name":"x","tags":', '}').toString()).toBe('{"name":"x","tags":["a","ä"]}');
    expect(lists.around([], '{"tags":', '}').toString()).toBe('{"tags":[]}');
  });

  it('encodes a list once, and each list for itself', () => {
    const lists = new JsonLists();
    let encoded = 0;
    const counted = { toJSON: () => `item ${++encoded}` };
    const list = [counted];
    expect(lists.around(list, '', '').toString()).toBe('["item 1"]');
    expect(lists.around(list, '{"other":', '}').toString()).toBe('{"other":["item 1"]}');
    expect(lists.around([counted], '', '').toString()).toBe('["item 2"]');
  });
});
