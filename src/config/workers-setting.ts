// The setting `server.workers`: how many processes answer requests.
import { usualWorkers } from './early-settings.ts';
import { orWord, parsed } from './value-schemas.ts';
import { countForm } from './written-forms.ts';

/** More than any machine has use for here: each takes memory of its own. */
const mostWorkers = 64;

const count = parsed(
  (text) => (/^[1-9]\d?$/.test(text.trim()) && Number(text) <= mostWorkers ? Number(text) : undefined),
  `is not a number from 1 to ${mostWorkers}`,
  countForm(mostWorkers),
);

export const workersSetting = orWord('auto', count)
  .prefault(usualWorkers)
  .describe(
    'How many processes answer requests, as one server: 1 is a single process; auto: one for each core, and each 256 MiB of memory, that it may use, at most 8. With storage.ephemeral there is one in any case.',
  );
