// What a command line shows at its first look: whether a server of several processes is about to start.
import { expect, it } from 'vitest';
import { likelyWorkers } from '../../../src/cli/early-worker.ts';
import { usualWorkers } from '../../../src/config/early-settings.ts';
import { settings } from '../../../src/config/settings.ts';

const machine = () => ({ cores: 4, memory: 8 * 1024 ** 3, isWorkerOfOthers: false });
const auto = { MOORAGE_SERVER_WORKERS: 'auto' };

it.each([
  [['--workers', '3'], {}, 3],
  [['serve', '--workers=2'], {}, 2],
  [['--workers', 'auto'], {}, 4],
  [[], auto, 4],
  [['serve', 'dir'], auto, 4],
  [['./dir'], auto, 4],
  [['image.tar', '--port', '0'], auto, 4],
  [['--workers', '1'], auto, 1],
  [['--workers', 'many'], {}, 1],
  [['--workers'], {}, 1],
  [[], { ...auto, MOORAGE_CONFIG: 'file' }, 1],
  [['--config', 'file'], auto, 1],
  [['--config=file'], auto, 1],
  [['--ephemeral'], auto, 1],
  [[], { ...auto, MOORAGE_STORAGE_EPHEMERAL: 'true' }, 1],
  [['ls'], auto, 1],
  [['nonsense'], auto, 1],
  [['help'], auto, 1],
  [['--help'], auto, 1],
  [['serve', '-h'], auto, 1],
  [['--version'], auto, 1],
] as const)('%j with %j: %i', (args, environment, count) => {
  expect(likelyWorkers(args, environment, machine)).toBe(count);
});

it('what is usual is what the settings say where nothing is written', () => {
  expect(settings.find(({ path }) => path === 'server.workers')?.byDefault).toBe(usualWorkers);
  const count = (usualWorkers as string) === 'auto' ? 4 : Number(usualWorkers);
  expect(likelyWorkers([], {}, machine)).toBe(count);
  expect(likelyWorkers([], { MOORAGE_SERVER_WORKERS: '' }, machine)).toBe(count);
});

it('a machine with one core, or little memory, begins none', () => {
  expect(
    likelyWorkers(['--workers', 'auto'], {}, () => ({ cores: 1, memory: 8 * 1024 ** 3, isWorkerOfOthers: false })),
  ).toBe(1);
  expect(
    likelyWorkers(['--workers', 'auto'], {}, () => ({ cores: 4, memory: 400 * 1024 ** 2, isWorkerOfOthers: false })),
  ).toBe(1);
});
