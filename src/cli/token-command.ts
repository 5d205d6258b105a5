// `moorage token create|list|revoke`: their flags and their help.
import { Command, Option } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { settingAt } from '../config/settings.ts';
import { commandGroup } from './command-group.ts';
import { helpText } from './help-text.ts';

interface TokenFlags {
  readonly root?: string;
  readonly config?: string;
}

interface CreateFlags extends TokenFlags {
  readonly repositories: readonly string[];
  readonly may: string;
  readonly expires?: string;
}

const createHelp = `
For a program that pulls or pushes: a user with rights of its own, whatever access says. The secret is printed once, alone on standard
output, and works as a password:

  moorage token create ci --repositories 'team/*' --may pull,push |
  docker login registry.example:5000 -u ci --password-stdin

Patterns are those of access: * is any text within a component of a name, ** crosses them; repeat the flag, or put commas between.
Rights are pull, push, create (push that moves no tag), delete, metrics (whatever the patterns), and admin (all of them). What anonymous may, it may as well.

Kept is a hash of the secret, below --root. Servers on that directory take the token from the next request on.

Exit codes: 0 made, 1 failure, or the name is taken, 2 wrong command line or configuration.
`;

const listHelp = `
With --json one document: root, and tokens, each with name, id, repositories, may, createdAt, expiresAt (absent where it does not
end), isExpired; or name and problem for a file that no server takes.

Exit codes: 0 shown, 1 failure, 2 wrong command line or configuration.
`;

const revokeHelp = `
The next request with its secret, or with what was given out for it, is refused, by every server on that directory.

Exit codes: 0 done, 1 there is no such token, or failure, 2 wrong command line or configuration.
`;

/** `finished` gets the exit code. */
export function tokenCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const settingsOf = ({ root, config }: TokenFlags): Promise<Settings> => {
    const flags = root === undefined ? [] : [{ path: 'storage.root', value: root, origin: '--root' }];
    return loadSettings({ flags, environment, file: config });
  };
  const create = command('create', 'Make a token for a program, and print its secret', createHelp)
    .argument('<name>', 'user name of its login')
    .addOption(
      new Option('--repositories <patterns>', 'what it is for, e.g. team/*')
        .argParser((patterns: string, before: readonly string[] = []) => [...before, ...patterns.split(',')])
        .makeOptionMandatory(),
    )
    .requiredOption('--may <rights>', 'pull, push, create, delete, metrics or admin, with commas between')
    .option('--expires <duration>', 'when it ends by itself, e.g. 30d; default: never')
    .action(async (name: string, flags: CreateFlags) => {
      const settings = await settingsOf(flags);
      // Loaded only now: other commands start without it.
      const { createToken } = await import('./token.ts');
      const { repositories, may, expires } = flags;
      finished(await createToken({ name, repositories, may: may.split(','), expires }, settings));
    });
  const list = command('list', 'Show the tokens there are, without their secrets', listHelp)
    .option('--json', 'one JSON document')
    .action(async (flags: TokenFlags & { readonly json?: true }) => {
      const settings = await settingsOf(flags);
      const { listTokens } = await import('./token.ts');
      finished(listTokens(flags.json === true, settings));
    });
  const revoke = command('revoke', 'End a token', revokeHelp)
    .argument('<name>', 'as it was created with')
    .action(async (name: string, flags: TokenFlags) => {
      const settings = await settingsOf(flags);
      const { revokeToken } = await import('./token.ts');
      finished(await revokeToken(name, settings));
    });
  return commandGroup('token', 'Tokens of programs, which log in as users do', [create, list, revoke]);
}

function command(name: string, description: string, help: string): Command {
  const root = settingAt('storage.root');
  return new Command(name)
    .description(description)
    .option('--root <dir>', `of the registry (${root?.environment}; default: ${root?.byDefault})`)
    .option('--config <file>', `YAML file with settings (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help));
}
