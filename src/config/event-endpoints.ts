// `events` as it is written: who is told what happens, of what, and how (docs/events.md).
import { z } from 'zod';
import { globs, ruleList, ruleOf } from './rule-list.ts';
import { duration, text } from './value-schemas.ts';

const types = ['push', 'delete', 'tag', 'mount', 'collection'] as const;

/** A queue is a directory of this name. */
const name = z
  .string('is not a name; write text, in quotes when it looks like a number')
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'is not a name of 1 to 63 lower-case letters, digits, - and _');

const url = z
  .string('is no URL')
  .refine(
    (written) => /^https?:\/\//i.test(written) && URL.canParse(written),
    'is no URL; write https://... or http://...',
  )
  .refine((written) => {
    if (!URL.canParse(written)) return true;
    const { username, password } = new URL(written);
    return username === '' && password === '';
  }, 'has a password in it; put the Authorization header into a file, and name that as authorizationFile');

const wantedTypes = z
  .union([z.string(), z.array(z.string()).min(1, 'is an empty list')], { error: 'is no type and no list of types' })
  .transform((written, context) => {
    const words = typeof written === 'string' ? written.split(',').map((word) => word.trim()) : written;
    return words.flatMap((word) => {
      const type = types.find((each) => each === word);
      if (type !== undefined) return [type];
      const message = `"${word}" is no type of event; known: ${types.join(', ')}`;
      context.issues.push({ code: 'custom', message, input: written });
      return [];
    });
  });

const endpoint = ruleOf({
  name,
  url,
  types: wantedTypes.prefault([...types]),
  repositories: globs.prefault('**'),
  format: z
    .enum(['cloudevents', 'distribution'], { error: 'is not one of cloudevents, distribution' })
    .prefault('cloudevents'),
  secretFile: text('a file').optional(),
  authorizationFile: text('a file').optional(),
  timeout: duration(100).prefault('10s'),
  giveUpAfter: duration(1000).prefault('24h'),
});

/** Every problem says which endpoint, counted from 1. */
export const eventEndpoints = ruleList(endpoint, 'is not a list of endpoints; see docs/events.md', 'endpoint').refine(
  (endpoints) => new Set(endpoints.map((each) => each.name)).size === endpoints.length,
  'gives two endpoints one name',
);
