// Which findings a verification tells: what is wrong with bytes, and what is not there. What other tools think of a layout, and what is
// hidden by its name, is for `moorage inspect`.
import type { FindingCode } from '../inspection/findings/finding.ts';
import type { FindingGroup } from '../inspection/findings/finding-list.ts';

const left: ReadonlySet<FindingCode> = new Set([
  'docker-media-type',
  'artifact-manifest',
  'sha512-entry',
  'unknown-media-type',
  'missing-media-type',
  'private-index',
  'other-schema-version',
  'attestation-without-subject',
  'unserved-directory',
  'skopeo-directory',
  'other-archive',
  'name-taken',
  'unusable-name',
]);

export function verifiedGroups(groups: readonly FindingGroup[]): readonly FindingGroup[] {
  return groups.filter(({ code }) => !left.has(code));
}
