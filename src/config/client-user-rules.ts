// The rules of `server.tls.clientUsers` as they are written.
import { z } from 'zod';
import { TextPattern } from '../oci/text-pattern.ts';
import { ruleList, ruleOf } from './rule-list.ts';

const pattern = z
  .string('is not a pattern; write text, in quotes when it looks like a number')
  .transform((written, context) => {
    const parsed = TextPattern.parse(written);
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: 'custom', message: 'is empty or longer than 512 characters', input: written });
    return z.NEVER;
  });

const name = z
  .string('is not a name')
  .regex(/^[^\p{C}\p{Zl}\p{Zp}:]{1,255}$/u, 'is not a name of 1 to 255 printable characters, without a colon');

const conditions = ['subject', 'dns', 'uri', 'email'] as const;

const rule = ruleOf({
  subject: z
    .record(z.string().regex(/^[A-Za-z][\w.]*$/, 'is no attribute; write e.g. CN, OU or O'), pattern, {
      error: 'is not a section of attributes; write e.g. {CN: ci-*, O: Acme}',
    })
    .optional(),
  dns: pattern.optional(),
  uri: pattern.optional(),
  email: pattern.optional(),
  user: name.optional(),
  groups: z.array(name, 'is not a list of groups').prefault([]),
}).refine((rule) => conditions.some((key) => rule[key] !== undefined), {
  error: `it says nothing of the certificate; write one of ${conditions.join(', ')}`,
});

/** The first rule that a certificate fits decides whom it stands for. */
export const clientUserRules = ruleList(rule, 'is not a list of rules; see "Client certificates" in docs/security.md');
