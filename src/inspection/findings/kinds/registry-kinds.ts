// Findings about a registry elsewhere, as far as it shows them over HTTP.
import type { FindingKind } from './finding-kind.ts';

export const registryKinds = {
  'no-referrers-api': {
    severity: 'note',
    why: 'the registry has no referrers API: clients fall back to referrers tags, which concurrent pushes overwrite',
    remedy: 'nothing here; moorage serves both',
  },
  'referrers-tag-beside-api': {
    severity: 'note',
    why: 'a referrers tag beside the referrers API: clients that know the API do not look there',
    remedy: 'nothing where both list the same; else push the referrers again',
  },
  'not-in-referrers-api': {
    severity: 'warning',
    why: 'the referrers tag lists a referrer that the referrers API does not: clients that know the API do not find it',
    remedy: 'push the referrer again: the registry then takes it up',
  },
  'deleted-referrer': {
    severity: 'warning',
    why: 'a referrer is listed, and its manifest is not there',
    remedy: 'push it again, or remove it from the referrers tag',
  },
  'foreign-referrer': {
    severity: 'warning',
    why: 'it is listed as a referrer, and its manifest refers to something else',
    remedy: 'report it to whoever runs the registry; moorage tree shows it as unrelated',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
