// The section `audit`: where it is written who did what.
import { z } from 'zod';
import { onOff, text } from './value-schemas.ts';

export const auditSection = z.strictObject({
  file: text('a file')
    .optional()
    .describe(
      'Where a line of JSON goes for each decision: who, from where, what, allowed or refused, by which rule. A file, made with mode 0600 and opened anew when it was rotated away, a pipe, or log: into the log. Unless set, nothing is written.',
    ),
  required: onOff(false).describe(
    'Nothing is done that is not in the audit: while audit.file cannot be written, requests get 503 UNAVAILABLE. Off, lines that were lost are counted.',
  ),
});
