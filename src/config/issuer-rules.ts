// `auth.issuers` as it is written: whose tokens are taken, and who their holders are here.
import { z } from 'zod';
import { isSafeUrl } from '../oci/safe-url.ts';
import { TextPattern } from '../oci/text-pattern.ts';
import { ruleList, ruleOf } from './rule-list.ts';

const name = z
  .string('is not a name; write text, in quotes when it looks like a number')
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u, 'is not a name of 1 to 255 printable characters');

const oneOrMore = <Schema extends z.ZodType>(schema: Schema, what: string) =>
  z
    .union([schema, z.array(schema).min(1, 'is an empty list')], { error: `is no ${what} and no list of them` })
    .transform((written) => [written].flat() as z.output<Schema>[]);

const pattern = z
  .union([z.string(), z.number(), z.boolean()], { error: 'is no text' })
  .transform((written, context): TextPattern => {
    const parsed = TextPattern.parse(String(written));
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: 'custom', message: 'is empty or longer than 512 characters', input: written });
    return z.NEVER;
  });

/** Without a claim every token of the issuer would match: on a public one, of everybody who has an account there. */
const claims = z
  .record(z.string(), oneOrMore(pattern, 'pattern of text'), {
    error: 'is not a section of claims with patterns; write e.g. {repository: acme/*}',
  })
  .refine((written) => Object.keys(written).length > 0, 'is empty: that would let in everybody whom the issuer knows')
  .transform((written): ReadonlyMap<string, readonly TextPattern[]> => new Map(Object.entries(written)));

const user = ruleOf({
  claims,
  user: name.refine(
    (written) => !/[{}]/.test(written.replace(/\{[^{}]+\}/g, '')),
    'has braces that name no claim; write e.g. ci/{repository}',
  ),
  groups: z.array(name, 'is not a list of groups').prefault([]),
});

const url = (what: string) =>
  z
    .string(`is no ${what}`)
    .refine((written) => isSafeUrl(written) && !/[?#]/.test(written), `is no ${what}; write https://...`);

/** A file, or where the keys are published. */
const keys = z
  .string('is neither a URL nor a file')
  .regex(/\S/, 'is empty')
  .refine((written) => !/^[a-z][a-z\d+.-]*:\/\//i.test(written) || isSafeUrl(written), 'is no HTTPS URL of keys');

const issuer = ruleOf({
  issuer: url('HTTPS URL of an issuer'),
  audience: oneOrMore(name, 'text'),
  jwks: keys.optional(),
  users: ruleList(user, 'is not a list of rules about users'),
});

/** Every problem says which issuer, counted from 1. */
export const issuerRules = ruleList(issuer, 'is not a list of issuers; see "Issuers" in docs/security.md', 'issuer')
  .refine((issuers) => issuers.every(({ users }) => users.length > 0), 'has an issuer without a rule about users')
  .refine(
    (issuers) => new Set(issuers.map((each) => each.issuer)).size === issuers.length,
    'names an issuer twice; give one a list of audiences and users',
  );

export function areKeysPublished(jwks: string | undefined): boolean {
  return jwks === undefined || jwks.includes('://');
}
