// `moorage serve`: its flags, and the settings that they stand for.
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { hostInUrl } from '../config/listen-address.ts';
import { combined, type LoadedSettings, loadWrittenSettings, namedFile, settingsFrom } from '../config/load.ts';
import type { SettingSource, WrittenSetting } from '../config/setting-source.ts';
import { settingAt } from '../config/settings.ts';
import { handedSocket } from './handed-socket.ts';
import { type ScanFlag, sharedBlobsHelp, writtenByScan } from './open-options.ts';

interface ServeFlags extends ScanFlag {
  readonly root?: string;
  readonly listen?: string;
  readonly port?: number;
  readonly config?: string;
  readonly ephemeral?: true;
  readonly readOnly?: true;
  readonly sharedBlobs?: string;
  readonly workers?: string;
}

const pathOfFlag = {
  root: ['storage.root', '--root'],
  listen: ['server.listen', '--listen'],
  ephemeral: ['storage.ephemeral', '--ephemeral'],
  readOnly: ['server.readOnly', '--read-only'],
  workers: ['server.workers', '--workers'],
} as const;

/** `finished` gets the exit code once the server has stopped. */
export function serveCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('serve')
    .description('Serve directories of OCI image layouts, single layouts and archives of them as a registry')
    .argument('[paths...]', pathsHelp)
    .addOption(flag('--root <dir>', 'storage.root', 'directory of the registry, created when missing'))
    .addOption(flag('--listen <host:port>', 'server.listen', 'address; port 0 picks a free one'))
    .addOption(new Option('--port <port>', 'the port alone').argParser(parsePort).conflicts('listen'))
    .option('--config <file>', `YAML file with settings; flags and the environment win over it (${configFileVariable})`)
    .addOption(flag('--ephemeral', 'storage.ephemeral', 'keep everything in memory').conflicts('root'))
    .addOption(flag('--read-only', 'server.readOnly', 'refuse pushes and deletes'))
    .addOption(flag('--workers <number>', 'server.workers', 'processes that answer requests; auto: as many as cores'))
    .option('--shared-blobs <dir>', `${sharedBlobsHelp}; the PATHs are then served read-only`)
    .helpOption('-h, --help', 'print this help')
    .option('--scan', `find referrers that nothing leads to (${settingAt('layouts.scan')?.environment}=lazy)`)
    .action(async (paths: readonly string[], flags: ServeFlags) => {
      const sources = { flags: writtenBy(flags), environment, file: flags.config };
      const { isWritten, ...loaded } = await loadWrittenSettings(sources);
      const written = withPort(loaded, flags.port);
      const settings = settingsFrom(written);
      const path = namedFile(sources);
      const writtenWith = (source: SettingSource) => withPort(combined(source, sources), flags.port);
      const file = path === undefined ? undefined : { path, writtenWith };
      // With paths alone, the default root would be made, and served, beside what was asked for.
      const root = paths.length === 0 || isWritten('storage.root') ? resolve(settings.storage.root) : undefined;
      // Loaded only now: a wrong flag is answered without starting the engine.
      const { serve } = await import('./serve.ts');
      const sharedBlobs = flags.sharedBlobs === undefined ? undefined : resolve(flags.sharedBlobs);
      const socket = handedSocket(environment, process.pid);
      finished(await serve({ settings, written, file, paths, root, sharedBlobs, environment, socket }));
    });
}

function parsePort(written: string): number {
  const port = Number(written);
  if (/^\d+$/.test(written) && port <= 65_535) return port;
  throw new ConfigError([{ origin: '--port', message: `"${written}" is not a port; write a number from 0 to 65535` }]);
}

/** Where else it listens is said by the environment or the file, or is the default. */
function withPort({ settings, written }: Pick<LoadedSettings, 'settings' | 'written'>, port: number | undefined) {
  if (port === undefined) return written;
  const value = `${hostInUrl(settings.server.listen.host)}:${port}`;
  return [...written, { path: 'server.listen', value, origin: '--port' }];
}

function flag(flags: string, path: string, description: string): Option {
  const setting = settingAt(path);
  const byDefault = typeof setting?.byDefault === 'string' ? `; default: ${setting.byDefault}` : '';
  return new Option(flags, `${description} (${setting?.environment}${byDefault})`);
}

function writtenBy(flags: ServeFlags): WrittenSetting[] {
  const written = Object.entries(pathOfFlag).flatMap(([flag, [path, origin]]) => {
    const value = flags[flag as keyof typeof pathOfFlag];
    return value === undefined ? [] : [{ path, value, origin }];
  });
  return [...written, ...writtenByScan(flags)];
}

const pathsHelp =
  'a directory of layouts, a layout, or a tar of one: PATH, NAME=PATH, NAME=PATH:ro (read-only), or NAME=PATH:gc (collected by gc); without any, the directory of --root';
