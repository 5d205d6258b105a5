// `moorage events [ENDPOINT]`: its flags and its help.
import { Command } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { rootFlag } from './open-options.ts';

interface EventsFlags {
  readonly root?: string;
  readonly config?: string;
  readonly json?: true;
  readonly retry?: true;
  readonly forget?: true;
}

const help = `
What is told to the endpoints of the setting "events" waits in .moorage/events below --root until it is taken. Lists how much waits for each
endpoint, or for the one that is named, and every dead letter: what an endpoint refused, or did not take for giveUpAfter.

--retry puts dead letters on the queue again, as if they had just happened; a server that runs sends them within seconds. --forget
deletes them.

With --json one document: endpoints, each with endpoint, waiting (files of events) and dead, each with id, time, type, repository, why
and since (when it was given up).

Exit codes: 0 there is no dead letter, or they were dealt with, 1 there is one, or failure, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function eventsCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('events')
    .description('Show what waits to be told to endpoints, and what could not be')
    .argument('[endpoint]', 'the name of one; default: all')
    .option('--retry', 'send dead letters again')
    .option('--forget', 'delete dead letters')
    .addOption(rootFlag())
    .option('--json', 'one JSON document')
    .option('--config <file>', `YAML file with settings (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (endpoint: string | undefined, flags: EventsFlags) => {
      const root = flags.root === undefined ? [] : [{ path: 'storage.root', value: flags.root, origin: '--root' }];
      const settings = await loadSettings({ flags: root, environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { events } = await import('./events.ts');
      const { retry = false, forget = false, json = false } = flags;
      finished(await events(endpoint, { retry, forget, json, settings, environment }));
    });
}
