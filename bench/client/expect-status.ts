// One answer's status against the one that means success: everything else is a failed operation, never a fast one.

import type { Answer } from './http-connection.ts';

export function expectStatus(answer: Answer, wanted: number, what: string): void {
  if (answer.status !== wanted) throw new Error(`${what}: answered ${answer.status} instead of ${wanted}`);
}
