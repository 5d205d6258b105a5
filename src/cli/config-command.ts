// `moorage config check|print|schema`: their flags and their help.
import { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { commandGroup } from './command-group.ts';
import { helpText } from './help-text.ts';

interface ConfigFlags {
  readonly config?: string;
  readonly json?: true;
}

const sourcesHelp = `
FILE is YAML or JSON. Without one, that of --config is meant, or of ${configFileVariable}; without any, defaults and the environment alone. Variables
of the environment win over the file and count here as well, since a server would be started with them.
`;

const checkHelp = `
${sourcesHelp.trim()}

Prints one line when nothing is wrong, else every problem with file, line and column, as serve does. With --json one document: file, and
problems, each with origin and message.

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong command line.
`;

const printHelp = `
${sourcesHelp.trim()}

What is printed is a configuration file itself: each setting with its value, and behind it where the value comes from. No setting holds a
password, a key or a token. With --json one document: file, and settings, each with path, value (absent where nothing is set) and
origin.

Exit codes: 0 printed, 2 wrong command line or configuration.
`;

const schemaHelp = `
JSON Schema (draft 7) of the configuration file, which editors complete and check by. It lies beside this program as config.schema.json.
The first line of a file names it, for editors with yaml-language-server:

  # yaml-language-server: $schema=./config.schema.json

Exit code: 0.
`;

/** `finished` gets the exit code. */
export function configCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const check = command('check', 'Say what is wrong with a configuration file', checkHelp)
    .argument('[file]', 'the configuration file')
    .option('--config <file>', `the same, as other commands take it (${configFileVariable})`)
    .option('--json', 'one JSON document')
    .action(async (file: string | undefined, flags: ConfigFlags) => {
      // Loaded only now: other commands start without it.
      const { checkConfig } = await import('./config-check.ts');
      finished(await checkConfig(fileOf(file, flags), flags.json === true, environment));
    });
  const print = command('print', 'Show the settings that hold, and where each comes from', printHelp)
    .argument('[file]', 'the configuration file')
    .option('--config <file>', `the same, as other commands take it (${configFileVariable})`)
    .option('--json', 'one JSON document')
    .action(async (file: string | undefined, flags: ConfigFlags) => {
      const { printConfig } = await import('./config-print.ts');
      finished(await printConfig(fileOf(file, flags), flags.json === true, environment));
    });
  const schema = command('schema', 'Print the JSON Schema of the configuration file', schemaHelp).action(async () => {
    const { configJsonSchemaText } = await import('../config/json-schema.ts');
    process.stdout.write(configJsonSchemaText());
    finished(0);
  });
  return commandGroup('config', 'The configuration: check it, print it, its schema', [check, print, schema]);
}

function fileOf(file: string | undefined, { config }: ConfigFlags): string | undefined {
  if (file === undefined || config === undefined) return file ?? config;
  throw new ConfigError([{ origin: '--config', message: 'FILE says which file is meant; leave one of them out' }]);
}

function command(name: string, description: string, help: string): Command {
  return new Command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help));
}
