// What the figures were measured on, for the head of the report.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** The file system below the servers' data: durable writes cost what it makes them cost. */
  readonly fileSystem: string;
  readonly distribution: string;
  /** One core with SHA-256, by `openssl speed`: the bound of a push of large blobs; undefined where openssl is not there. */
  readonly hashedMegabytesPerSecond: number | undefined;
}

const FILE_SYSTEMS = new Map([
  [0xef53, 'ext2/3/4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs (nothing written here is durable)'],
  [0x794c7630, 'overlayfs'],
  [0x2fc12fc1, 'zfs'],
]);

export function describeMachine(data: string): Machine {
  const cores = cpus();
  const { type } = statfsSync(data);
  return {
    cpu: `${cores.length} x ${cores[0]?.model.trim() ?? 'unknown CPU'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: FILE_SYSTEMS.get(type) ?? `of type 0x${type.toString(16)}`,
    distribution: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    hashedMegabytesPerSecond: hashed(),
  };
}

function hashed(): number | undefined {
  const args = ['speed', '-mr', '-elapsed', '-seconds', '1', '-bytes', '65536', '-evp', 'sha256'];
  const { stdout, status } = spawnSync('openssl', args, { encoding: 'utf8' });
  const bytes = /:sha256:([\d.]+)/.exec(status === 0 ? stdout : '')?.[1];
  return bytes === undefined ? undefined : Number(bytes) / 1e6;
}

/** The checkout's commit, marked when what was measured is not exactly that. */
export function describeCommit(checkout: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', checkout, ...args], { encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'package-lock.json') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? ' with uncommitted changes in src/' : ''}`;
  } catch {
    return 'unknown (not a git checkout)';
  }
}
