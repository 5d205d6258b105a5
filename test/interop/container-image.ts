// placeholder
import type { CheckList } from './checks.ts';
import type { Machine } from './machine.ts';

export async function checkContainerImage(_machine: Machine, _checks: CheckList): Promise<void> {}
