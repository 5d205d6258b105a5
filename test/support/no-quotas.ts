// Where nobody wrote how much repositories may hold.
import { Quotas } from '../../src/registry/quota/quotas.ts';
import { systemClock } from '../../src/storage/clock.ts';

export const noQuotas = new Quotas([], () => [], systemClock);
