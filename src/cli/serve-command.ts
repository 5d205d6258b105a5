// `moorage serve`: its flags, and the settings that they stand for.
import { Command, Option } from 'commander';
import { configFileVariable, type Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import type { WrittenSetting } from '../config/setting-source.ts';
import { settingAt } from '../config/settings.ts';

interface ServeFlags {
  readonly root?: string;
  readonly listen?: string;
  readonly config?: string;
  readonly ephemeral?: true;
  readonly readOnly?: true;
}

const pathOfFlag = {
  root: ['storage.root', '--root'],
  listen: ['server.listen', '--listen'],
  ephemeral: ['storage.ephemeral', '--ephemeral'],
  readOnly: ['server.readOnly', '--read-only'],
} as const;

/** `finished` gets the exit code once the server has stopped. */
export function serveCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('serve')
    .description('Serve a directory of OCI image layouts as a registry')
    .addOption(flag('--root <dir>', 'storage.root', 'directory of the registry, created when missing'))
    .addOption(flag('--listen <host:port>', 'server.listen', 'address; port 0 picks a free one'))
    .option('--config <file>', `YAML file with settings; flags and the environment win over it (${configFileVariable})`)
    .addOption(flag('--ephemeral', 'storage.ephemeral', 'keep everything in memory').conflicts('root'))
    .addOption(flag('--read-only', 'server.readOnly', 'refuse pushes and deletes'))
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .action(async (flags: ServeFlags) => {
      const settings = await loadSettings({ flags: writtenBy(flags), environment, file: flags.config });
      // Loaded only now: a wrong flag is answered without starting the engine.
      const { serve } = await import('./serve.ts');
      finished(await serve(settings, environment));
    });
}

function flag(flags: string, path: string, description: string): Option {
  const setting = settingAt(path);
  const byDefault = typeof setting?.byDefault === 'string' ? `; default: ${setting.byDefault}` : '';
  return new Option(flags, `${description} (${setting?.environment}${byDefault})`);
}

function writtenBy(flags: ServeFlags): WrittenSetting[] {
  return Object.entries(pathOfFlag).flatMap(([flag, [path, origin]]) => {
    const value = flags[flag as keyof typeof pathOfFlag];
    return value === undefined ? [] : [{ path, value, origin }];
  });
}
