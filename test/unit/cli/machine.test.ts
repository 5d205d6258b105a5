// The cores that a container may use, from the files of control groups of both versions.
import { expect, it } from 'vitest';
import { coresOfGroup, machine } from '../../../src/cli/machine.ts';

const group = '/sys/fs/cgroup';

it.each([
  ['no control groups', {}, Number.POSITIVE_INFINITY],
  ['a container of one core', { '/proc/self/cgroup': '0::/\n', [`${group}/cpu.max`]: '100000 100000\n' }, 1],
  ['two cores and a half', { '/proc/self/cgroup': '0::/\n', [`${group}/cpu.max`]: '250000 100000\n' }, 2],
  ['less than a core', { '/proc/self/cgroup': '0::/\n', [`${group}/cpu.max`]: '20000 100000\n' }, 1],
  ['no limit', { '/proc/self/cgroup': '0::/\n', [`${group}/cpu.max`]: 'max 100000\n' }, Number.POSITIVE_INFINITY],
  [
    'a limit further up',
    {
      '/proc/self/cgroup': '0::/a/b\n',
      [`${group}/a/b/cpu.max`]: 'max 100000\n',
      [`${group}/a/cpu.max`]: '300000 100000\n',
    },
    3,
  ],
  [
    'the first version',
    {
      '/proc/self/cgroup': '4:memory:/a\n3:cpu,cpuacct:/a\n',
      [`${group}/cpu/a/cpu.cfs_quota_us`]: '150000\n',
      [`${group}/cpu/a/cpu.cfs_period_us`]: '50000\n',
      [`${group}/cpu/cpu.cfs_quota_us`]: '-1\n',
      [`${group}/cpu/cpu.cfs_period_us`]: '100000\n',
    },
    3,
  ],
  ['what makes no sense', { '/proc/self/cgroup': 'x\n0::', [`${group}/cpu.max`]: 'y' }, Number.POSITIVE_INFINITY],
] as const)('%s', (_, files: Readonly<Record<string, string>>, cores) => {
  expect(coresOfGroup((path) => files[path])).toBe(cores);
});

it('there is at least one core, and some memory', () => {
  const { cores, memory } = machine();
  expect(cores).toBeGreaterThanOrEqual(1);
  expect(Number.isInteger(cores)).toBe(true);
  expect(memory).toBeGreaterThan(0);
});
