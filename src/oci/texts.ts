// A list of texts in JSON of strangers. One refusal for all of it: zod's own array collects one for each wrong element, and ten
// megabytes of them are gigabytes of memory.
import { z } from 'zod';

export const texts = z.custom<readonly string[]>(
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  'expected a list of texts',
);
