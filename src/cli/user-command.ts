// `moorage user add|remove|list`: their flags and their help.
import { Command, Option } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { settingAt } from '../config/settings.ts';
import { commandGroup } from './command-group.ts';
import { helpText } from './help-text.ts';

interface UserFlags {
  readonly file?: string;
  readonly config?: string;
}

const fileHelp = `
The file is that of --file, else that of auth.htpasswd. It is what "htpasswd -B" of Apache writes and reads: a line NAME:HASH for each
user, with bcrypt hashes. Comments, the order of lines, the mode and the owner of the file stay. Servers read it again by themselves:
whoever is removed, or has another password, is out within a second, and with it the tokens that were issued before.
`;

const addHelp = `
Asks for the password twice, or reads it from standard input, in one line. A user that is there already gets the new password.
A name has at most 255 bytes and no colon; a password at most 72 bytes, since bcrypt reads no further.

${fileHelp.trim()}

Exit codes: 0 done, 1 failure, 2 wrong command line or configuration.
`;

const removeHelp = `
${fileHelp.trim()}

Exit codes: 0 done, 1 there is no such user, or failure, 2 wrong command line or configuration.
`;

const listHelp = `
Users with their groups, as auth.groups says. With --json one document: file, and users, each with name and groups.

Exit codes: 0 shown, 1 the file is not whole or not there, 2 wrong command line or configuration.
`;

/** `finished` gets the exit code. */
export function userCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const settingsOf = ({ config }: UserFlags) => loadSettings({ flags: [], environment, file: config });
  const add = command('add', 'Add a user, or change a password', addHelp)
    .argument('<name>', 'of the user')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (name: string, flags: UserFlags & { readonly passwordStdin?: true }) => {
      const settings = await settingsOf(flags);
      // Loaded only now: other commands start without it.
      const { addUser } = await import('./user.ts');
      finished(await addUser(name, flags.passwordStdin === true, { settings, file: flags.file }));
    });
  const remove = command('remove', 'Remove a user', removeHelp)
    .argument('<name>', 'of the user')
    .action(async (name: string, flags: UserFlags) => {
      const settings = await settingsOf(flags);
      const { removeUser } = await import('./user.ts');
      finished(await removeUser(name, { settings, file: flags.file }));
    });
  const list = command('list', 'Show who there is', listHelp)
    .option('--json', 'one JSON document')
    .action(async (flags: UserFlags & { readonly json?: true }) => {
      const settings = await settingsOf(flags);
      const { listUsers } = await import('./user.ts');
      finished(listUsers(flags.json === true, { settings, file: flags.file }));
    });
  return commandGroup('user', 'Who may log in with a password', [add, remove, list]);
}

function command(name: string, description: string, help: string): Command {
  const variable = settingAt('auth.htpasswd')?.environment;
  return new Command(name)
    .description(description)
    .addOption(new Option('--file <file>', `the file of users (${variable})`))
    .option('--config <file>', `YAML file with settings (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help));
}
