// A folder with thousands of archives that are no images does not fill the log.
import { expect, it } from 'vitest';
import { warnOfUnserved } from '../../../src/mounts/unserved-lines.ts';
import { silentLog } from '../../support/silent-log.ts';

function linesOf(count: number): readonly [string, object | undefined][] {
  const lines: [string, object | undefined][] = [];
  const log = { ...silentLog, warn: (message: string, details?: object) => void lines.push([message, details]) };
  const unserved = Array.from({ length: count }, (_, at) => ({
    path: `b/${at}.tar`,
    reason: 'no',
    failure: undefined,
  }));
  warnOfUnserved('/usb', unserved, log);
  return lines;
}

it('of the first archives it says why they are not served', () => {
  expect(linesOf(1)).toEqual([['an archive is not served', { path: '/usb/b/0.tar', reason: 'no' }]]);
});

it('of the others it says how many there are', () => {
  const lines = linesOf(1_000);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toEqual(['further archives of the directory are not served', { path: '/usb', count: 980 }]);
});
