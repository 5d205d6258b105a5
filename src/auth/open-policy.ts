// Everybody may do everything: what a registry without configured users does.
import type { Decision, Policy } from './policy.ts';
import { anonymous } from './principal.ts';

const allow: Decision = { kind: 'allow', rule: 'everybody may do everything' };

export const openPolicy: Policy = {
  authenticate: () => anonymous,
  decide: () => allow,
  visibility: () => undefined,
  protection: () => undefined,
};
