// Origins as they are written in settings, and as browsers send them.
import { describe, expect, it } from 'vitest';
import { parseOriginList } from '../../../src/config/origin-list.ts';

describe('parseOriginList', () => {
  it.each<[string | readonly string[], readonly string[]]>([
    ['https://ui.example', ['https://ui.example']],
    ['https://UI.example/, http://localhost:3000', ['https://ui.example', 'http://localhost:3000']],
    [
      ['https://ui.example:443', 'http://ui.example:80', 'https://ui.example:8443'],
      ['https://ui.example', 'http://ui.example', 'https://ui.example:8443'],
    ],
    ['*', ['*']],
    ['*,https://ui.example,*', ['*', 'https://ui.example']],
    ['http://[::1]:3000', ['http://[::1]:3000']],
    ['https://bücher.example', ['https://xn--bcher-kva.example']],
  ])('reads %j', (written, origins) => {
    expect(parseOriginList(written)).toEqual(origins);
  });

  it.each([
    ...['', ' , ', 'ui.example', 'https://', 'https://ui.example/app', 'https://u:p@ui.example', 'ftp://ui.example'],
    ...['null', 'https://ui.example?x', 'https://*.example', 'https://a b', '**', 'any', 'http://x:99999'],
  ])('refuses %j', (written) => {
    expect(parseOriginList(written)).toBeUndefined();
  });
});
