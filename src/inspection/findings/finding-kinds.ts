// Every kind of finding: how bad it is, which tool or client it matters to, and what to do about it. The codes are an interface:
// scripts look for them in the JSON of `moorage inspect`.
import { contentKinds } from './kinds/content-kinds.ts';
import { fileKinds } from './kinds/file-kinds.ts';
import type { FindingKind } from './kinds/finding-kind.ts';
import { keptKinds } from './kinds/kept-kinds.ts';
import { nameKinds } from './kinds/name-kinds.ts';
import { referrerKinds } from './kinds/referrer-kinds.ts';
import { registryKinds } from './kinds/registry-kinds.ts';

const kinds = { ...fileKinds, ...nameKinds, ...contentKinds, ...referrerKinds, ...registryKinds, ...keptKinds };

export type FindingCode = keyof typeof kinds;

export const findingKinds: Readonly<Record<FindingCode, FindingKind>> = kinds;
