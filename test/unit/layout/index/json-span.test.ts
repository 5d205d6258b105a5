// Spans of JSON values: found without changing a byte, refused where the text is no JSON.
import { describe, expect, it } from 'vitest';
import { elementsOf, JsonSpanError, membersOf, onOneLine, withMember } from '../../../../src/layout/index/json-span.ts';

const texts = (text: string) => membersOf(text).map(({ name, text: value }) => [name, value]);

describe('membersOf', () => {
  it('gives each value as it is written', () => {
    expect(texts('{"a":12345678901234567890,"b":"\\u0061\\"}","c":{"d":[1, 2]},"e":null,"f":-0.0,"g":true}')).toEqual([
      ['a', '12345678901234567890'],
      ['b', '"\\u0061\\"}"'],
      ['c', '{"d":[1, 2]}'],
      ['e', 'null'],
      ['f', '-0.0'],
      ['g', 'true'],
    ]);
  });

  it('reads names that are escaped, empty, or there twice', () => {
    expect(texts('{"\\u0061":1,"":2,"a":3}')).toEqual([
      ['a', '1'],
      ['', '2'],
      ['a', '3'],
    ]);
  });

  it('skips any whitespace of JSON, and no other', () => {
    expect(texts(' \t\r\n{ \r\n "a" \t: \n 1 \r\n, "b" :[] }')).toEqual([
      ['a', '1'],
      ['b', '[]'],
    ]);
    for (const space of ['\u00a0', '\ufeff', '\u2028', '\v', '\f']) {
      expect(() => membersOf(`${space}{"a":1}`)).toThrow(JsonSpanError);
    }
  });

  it('ignores what follows the first object: BuildKit overwrites in place and truncates afterwards', () => {
    expect(texts('{"a":1}"}]}')).toEqual([['a', '1']]);
    expect(texts('{}{')).toEqual([]);
  });

  it.each([
    '',
    ' ',
    '[',
    '[]',
    'null',
    '5',
    '"{}"',
    '{',
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,}',
  ])('refuses %j', (text) => {
    expect(() => membersOf(text)).toThrow(JsonSpanError);
  });

  it.each(['{a:1}', "{'a':1}", '{1:1}', '{"a" 1}', '{"a":1 "b":2}', '{"a":"\\"}', '{"a":[1}', '{"\u0001":1}'])(
    'refuses %j',
    (text) => {
      expect(() => membersOf(text)).toThrow(JsonSpanError);
    },
  );
});

describe('elementsOf', () => {
  it('gives each element on a line of its own', () => {
    expect([...elementsOf('[]')]).toEqual([]);
    expect([...elementsOf(' [ 1 , "a,b" ,\n{"c" : [ 1,\r\n\t2 ]} ] ')]).toEqual(['1', '"a,b"', '{"c":[1,2]}']);
  });

  it.each(['', '{}', 'null', '[', '[1', '[1,', '[1 2]', '["a]'])('refuses %j', (text) => {
    expect(() => [...elementsOf(text)]).toThrow(JsonSpanError);
  });
});

describe('onOneLine', () => {
  it('leaves what is on one line as it is, spaces too', () => {
    const text = '{"a" : "b  c", "d":\t1}';
    expect(onOneLine(text)).toBe(text);
  });

  it('takes away the space between tokens when there is a line break, and none within strings', () => {
    expect(onOneLine('{\n  "a  b": "\\n c",\r\n\t"d": [1,\n2]\n}')).toBe('{"a  b":"\\n c","d":[1,2]}');
  });

  it.each(['{"a":1\n2}', '[1\n2]', '{"a":tr\nue}', '"a\nb"', '{"a":\n}'])(
    'refuses %j: without the line break it would be JSON, and another',
    (text) => {
      expect(() => onOneLine(text)).toThrow(JsonSpanError);
    },
  );

  it('copes with a string of any length', () => {
    const long = `"${'\\"x'.repeat(3_000_000)}"`;
    expect(onOneLine(`[${long},\n1]`)).toBe(`[${long},1]`);
  });
});

describe('withMember', () => {
  it('sets a member where it stands, or at the end, and leaves the others as they are', () => {
    expect(withMember('{"a":1.0,"b":[ 2 ],"c":"\\u0061"}', 'b', '3')).toBe('{"a":1.0,"b":3,"c":"\\u0061"}');
    expect(withMember('{"a":1.0}', 'b', '{}')).toBe('{"a":1.0,"b":{}}');
    expect(withMember('{}', 'b', 'null')).toBe('{"b":null}');
  });

  it('takes a member away, and one that is there twice altogether', () => {
    expect(withMember('{"a":1,"b":2}', 'a', undefined)).toBe('{"b":2}');
    expect(withMember('{"a":1,"b":2,"\\u0061":3}', 'a', undefined)).toBe('{"b":2}');
    expect(withMember('{"a":1,"b":2,"a":3}', 'a', '4')).toBe('{"b":2,"a":4}');
    expect(withMember('{"b":2}', 'a', undefined)).toBe('{"b":2}');
  });
});
