// Where a server notes for how long its event loop was held up: one figure a process, in milliseconds.

export const turnsFileVariable = 'BENCH_TURNS_FILE';
