// `moorage access test USER ACTION [NAME[:TAG]]`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { loadWrittenSettings } from '../config/load.ts';
import { commandGroup } from './command-group.ts';
import { helpText } from './help-text.ts';

interface TestFlags {
  readonly config?: string;
  readonly group?: readonly string[];
}

const help = `
USER is a name, or "anonymous". ACTION is pull, push, create, delete, admin, or metrics, which is of no repository. NAME need not exist;
with :TAG it is also said whether an immutable tag of that name would stay. Groups are those of auth.groups, and those of --group, as an issuer would say them. What a
robot may is what "moorage token list" shows.

Nothing is asked of a running server: it is the settings that are looked at.

Exit codes: 0 allowed, 1 refused, 2 wrong command line or configuration.
`;

/** `finished` gets the exit code. */
export function accessCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const test = new Command('test')
    .description('Say whether a user may do something, and which rule decides')
    .argument('<user>', 'a name, or "anonymous"')
    .argument('<action>', 'pull, push, create, delete, admin or metrics')
    .argument('[name]', 'a repository: NAME[:TAG]; none for metrics')
    .option('--group <name...>', 'a group that the user is in besides')
    .option('--config <file>', 'YAML file with settings, as serve takes it')
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (user: string, action: string, name: string | undefined, flags: TestFlags) => {
      const { settings } = await loadWrittenSettings({ flags: [], environment, file: flags.config });
      const { testAccess } = await import('./access-test.ts');
      finished(testAccess({ user, action, name, groups: flags.group ?? [] }, settings));
    });
  return commandGroup('access', 'Who may do what', [test]);
}
