// The flags by which commands find what REF, PATH and URL name, and what they stand for.
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { layoutRulesOf } from '../config/schema.ts';
import type { WrittenSetting } from '../config/setting-source.ts';
import { settingAt } from '../config/settings.ts';
import { isError } from '../oci/is-error.ts';
import { printableText } from '../oci/printable-text.ts';
import type { OpenOptions } from '../transfer/open-source.ts';
import { packageVersion } from './version.ts';

export interface ScanFlag {
  readonly scan?: true;
}

/** What `--scan` writes. */
export function writtenByScan({ scan }: ScanFlag): readonly WrittenSetting[] {
  return scan === true ? [{ path: 'layouts.scan', value: 'lazy', origin: '--scan' }] : [];
}

/** skopeo's name for it tells whoever used that. */
export const sharedBlobsHelp = 'where layouts have their blobs, as skopeo --dest-shared-blob-dir writes them';

export interface SourceFlags extends ScanFlag {
  readonly root?: string;
  readonly config?: string;
  readonly plainHttp?: true;
  readonly sharedBlobs?: string;
}

/** `--root`, `--shared-blobs`, `--plain-http` and `--config`. */
export function addSourceFlags(command: Command, root: Option = rootFlag()): Command {
  return command
    .addOption(root)
    .option('--shared-blobs <dir>', sharedBlobsHelp)
    .addOption(plainHttpFlag())
    .addOption(configFlag());
}

/** For what looks at no blobs: `--root`, `--config` and, where a registry may be asked, `--plain-http`. */
export function addNameFlags(command: Command, { isRemote }: { readonly isRemote: boolean }): Command {
  command.addOption(rootFlag());
  if (isRemote) command.addOption(plainHttpFlag());
  return command.addOption(configFlag());
}

/** For a command that takes what comes from elsewhere, and puts it there. */
export function targetRootFlag(): Option {
  const root = settingAt('storage.root');
  return new Option('--root <dir>', `where NAME is (${root?.environment}; default: ${root?.byDefault})`);
}

/** The rule of source-reference.ts and meant-place.ts, in words. */
export function rootFlag(): Option {
  const root = settingAt('storage.root');
  const help = `where a NAME is looked for (${root?.environment}; default: ${root?.byDefault}); with it a PATH begins with ./ or /`;
  return new Option('--root <dir>', help);
}

function plainHttpFlag(): Option {
  return new Option('--plain-http', 'HTTP instead of HTTPS, also to a registry that is not on this machine');
}

function configFlag(): Option {
  return new Option('--config <file>', `YAML file with settings (${configFileVariable})`);
}

/** Refuses with a ConfigError, as serve does. */
export async function openOptions(flags: SourceFlags, environment: Environment): Promise<OpenOptions> {
  const root = flags.root === undefined ? [] : [{ path: 'storage.root', value: flags.root, origin: '--root' }];
  const settings = await loadSettings({ flags: [...root, ...writtenByScan(flags)], environment, file: flags.config });
  return {
    root: settings.storage.root,
    isRootGiven: flags.root !== undefined,
    plainHttp: flags.plainHttp === true,
    environment,
    userAgent: `moorage/${packageVersion()}`,
    sharedBlobs: flags.sharedBlobs === undefined ? undefined : resolve(flags.sharedBlobs),
    rules: layoutRulesOf(settings),
    log: warningsOnly,
  };
}

/** What hides something from a look, and what keeps it waiting. */
export const warningsOnly: OpenOptions['log'] = {
  info: () => {},
  slow: (message, details) => print('note', message, details),
  warn: (message, details) => print('warning', message, details),
};

function print(kind: string, message: string, details: object): void {
  const facts = Object.entries(details).map(
    ([name, value]) => `${name}: ${isError(value) ? value.message : shown(value)}`,
  );
  process.stderr.write(`${kind}: ${printableText([message, ...facts].join('; '), 500)}\n`);
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
