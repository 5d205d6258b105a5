// `auth.groups` as it is written: a section of groups in the file, or the same as JSON in the environment.
import { z } from 'zod';
import { jsonSection } from './json-text.ts';
import { writtenAs } from './written-forms.ts';

const refusal = 'is not a section of groups with lists of users; write e.g. {team: [anna, bert]}';
const maxGroups = 10_000;

/** Printable, and short enough for every place that shows it. */
const name = z
  .string('is not a name; write text, in quotes when it looks like a number')
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u, 'is not a name of 1 to 255 printable characters');

const members = z.array(name, 'is not a list of users');

const groups = z
  .union([z.string(), z.record(z.string(), z.unknown())], { error: refusal })
  .transform((written, context): ReadonlyMap<string, readonly string[]> => {
    const problem = (message: string) => context.issues.push({ code: 'custom', message, input: written });
    const section = typeof written === 'string' ? jsonSection(written) : written;
    if (section === undefined) problem(refusal);
    const entries = Object.entries(section ?? {});
    if (entries.length > maxGroups) problem(`has more than ${maxGroups} groups`);
    return new Map(
      entries.slice(0, maxGroups).map(([group, users]) => {
        for (const message of problemsOf(group, users)) problem(`has a problem in the group "${group}": ${message}`);
        return [group, Array.isArray(users) ? users : []];
      }),
    );
  });

/** The users of each group. Every problem says in which group. */
export const groupsOfUsers = writtenAs(groups, (formOf) => ({ type: 'object', additionalProperties: formOf(members) }));

function problemsOf(group: string, users: unknown): readonly string[] {
  return [name.safeParse(group), members.safeParse(users)].flatMap(({ error }) =>
    (error?.issues ?? []).map(({ path: [at], message }) => {
      return at === undefined ? message : `user ${Number(at) + 1} ${message}`;
    }),
  );
}
