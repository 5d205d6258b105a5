// How bad a finding is.

/** error: something cannot be had; warning: some tool fails, loses something, or does not see it; note: good to know. */
export type Severity = 'error' | 'warning' | 'note';
