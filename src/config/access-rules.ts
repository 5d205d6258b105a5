// The rules of `access` as they are written.
import { z } from 'zod';
import { globs, ruleList, ruleOf } from './rule-list.ts';
import { writtenAs } from './written-forms.ts';

/** As in auth/principal.ts, which knows nothing of settings; a test holds them equal. */
const rights = ['pull', 'push', 'delete', 'create', 'metrics', 'admin'] as const;

const may = listOrWords('a list of rights', z.enum(rights, { error: `is not one of ${rights.join(', ')}` }));

const who = listOrWords(
  'a list of users',
  z
    .string()
    .regex(
      /^(?:group:)?(?!group:)[^\p{C}\p{Zl}\p{Zp},]{1,255}$/u,
      'is not a user, group:NAME, anonymous or authenticated',
    ),
);

const rule = ruleOf({
  repositories: globs.prefault('**'),
  who: who.prefault([]),
  may: may.prefault([]),
  immutable: globs.optional(),
})
  .refine(({ who, may }) => (who.length === 0) === (may.length === 0), {
    error: 'who and may go together: who may do what?',
    path: ['who'],
  })
  .refine(({ who, may, immutable }) => who.length + may.length > 0 || immutable !== undefined, {
    error: 'it says neither who may do something, nor which tags are immutable',
  });

export const accessRules = ruleList(rule, 'is not a list of rules; see docs/access.md');

/** `[pull, push]`, `pull`, or `pull, push` as a flag would have it. */
function listOrWords<Word extends string>(what: string, word: z.ZodType<Word, string>) {
  const list = z
    .union([z.string(), z.array(z.string())], { error: `is not ${what}` })
    .transform((written) => (typeof written === 'string' ? written.split(',').map((each) => each.trim()) : written))
    .pipe(z.array(word).max(1_000, 'is a list of more than 1,000'));
  return writtenAs(list, (formOf) => {
    const one = formOf(word);
    // Several in one text have a comma.
    return { anyOf: [one, { type: 'array', items: one }, { type: 'string', pattern: ',' }] };
  });
}
