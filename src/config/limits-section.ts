// The section `limits`: how much one client may ask for, so that the others get their share.
import { z } from 'zod';
import { parseSize } from './units.ts';
import { orWord, parsed } from './value-schemas.ts';
import { countForm, sizeForm } from './written-forms.ts';

const count = parsed(
  (text) => (/^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : undefined),
  'is not a number of at least 1',
  countForm(999_999_999),
);
const size = parsed(parseSize, 'is not a size; write e.g. 20GiB', sizeForm);

export const limitsSection = z.strictObject({
  requests: orWord('off', count)
    .prefault('off')
    .describe(
      'How many requests a second, on average over ten seconds, each user may send from an address, and each address without a user; more are refused (429).',
    ),
  connections: orWord('off', count)
    .prefault('off')
    .describe(
      'How many connections each address may have at once, but for server.trustedProxies; more are refused (429).',
    ),
  uploads: orWord('off', count)
    .prefault('off')
    .describe(
      'How many uploads each user may have open at once; more are refused (429). Whoever shows no name counts as one user.',
    ),
  unfinished: orWord('off', size)
    .prefault('off')
    .describe('How many bytes the uploads of each user that are not finished may hold; more are refused (429).'),
});
