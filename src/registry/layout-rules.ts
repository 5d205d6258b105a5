// What an operator decides about layouts: one value, made of the settings (config/schema.ts, which alone knows the defaults) and
// passed whole to whoever opens layouts. Each rule is declared where it is followed.
import type { LinkRules } from '../layout/blobs/linked-blobs.ts';
import type { ImageLayoutRules } from '../layout/open-layout.ts';
import type { RetentionRules } from '../layout/retention/retention-rule.ts';
import type { CollectionRules } from './collection-rules.ts';
import type { PushRules } from './manifests.ts';
import type { QuotaRules } from './quota/quota-rule.ts';
import type { ScrubRules } from './scrub-rules.ts';
import type { UploadRules } from './upload-sessions.ts';

export interface LayoutRules
  extends ImageLayoutRules,
    LinkRules,
    PushRules,
    QuotaRules,
    UploadRules,
    CollectionRules,
    RetentionRules,
    ScrubRules {}

/** What may change while layouts are open: when and what is deleted and read again by itself, and how much there may be. */
export type ChangingRules = Pick<LayoutRules, 'retention' | 'untagged' | 'scrub' | 'quotas'> & {
  readonly collection: Pick<LayoutRules['collection'], 'everyMs'>;
};

/** For an inspection or a copy: whoever copies hashes what is copied, and an inspection tells of what is damaged. */
export function rulesForReading(rules: LayoutRules): LayoutRules {
  return { ...rules, verifyReads: 'off' };
}

/** For a command that writes and ends: nothing is left to be done later, and a look at what it would do sees no more than it does. */
export function rulesForCommand(rules: LayoutRules): LayoutRules {
  return { ...rules, reconcile: 'off', links: 'refuse' };
}

/** For a layout that an export adds to. What was named is written whatever a registry would take: parts of an image, any digest. */
export function rulesForExport(rules: LayoutRules): LayoutRules {
  return { ...rulesForCommand(rules), requireReferences: false, digests: 'any', verifyReads: 'once' };
}

/** For who asks what nothing leads to now, and not what rules will let go of. */
export function withoutRetention<Rules extends RetentionRules>(rules: Rules): Rules {
  return { ...rules, retention: [], untagged: 'keep' };
}
