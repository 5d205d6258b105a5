// What the rules of retention may take away by a moment, by what is known of pushes: never earlier, and what they may not take stays.
import type { KnownManifest, KnownTag, Model } from './model.ts';

/** An entry of index.json has the time of its push to the second. */
const roundedMs = 1_000;

/** The environment that says them to a moorage. */
export function ruleSettings({ rules }: Model): Record<string, string> {
  const { tags, keepNewest, keepPushedWithinMs, untaggedMs } = rules;
  const rule = { tags: `${tags}*`, keepNewest, keepPushedWithin: `${keepPushedWithinMs}ms` };
  return {
    MOORAGE_RETENTION: JSON.stringify([rule]),
    MOORAGE_MANIFESTS_REQUIRE_REFERENCES: `${untaggedMs !== 'keep'}`,
    MOORAGE_UNTAGGED: untaggedMs === 'keep' ? 'keep' : `${untaggedMs}ms`,
  };
}

/** Whether it may mean nothing by now: by what clients did, or since a rule took it away. */
export function mayBeUntagged(model: Model, known: KnownTag, nowMs: number): boolean {
  return known.meant.has('') || mayRuleUntag(model, known, nowMs);
}

/** Only what is older than the rule says, while so many others were pushed after it. */
function mayRuleUntag(model: Model, known: KnownTag, nowMs: number): boolean {
  const { tags, keepNewest, keepPushedWithinMs } = model.rules;
  const { repository, tag, pushedMs } = known;
  if (!tag.startsWith(tags) || nowMs - pushedMs + roundedMs <= keepPushedWithinMs) return false;
  const newer = [...model.tags.values()].filter(
    (other) =>
      other !== known &&
      other.repository === repository &&
      other.tag.startsWith(tags) &&
      lastTouched(model, other) + roundedMs > pushedMs,
  );
  return newer.length >= keepNewest;
}

/** A tag is as young as the file of what it means. */
function lastTouched(model: Model, { repository, ever, touchedMs }: KnownTag): number {
  const files = [...ever].map((digest) => model.manifest(repository, digest)?.touchedMs ?? 0);
  return Math.max(touchedMs, ...files);
}

/** Whether it may be off the list by now: by what clients did, or since nothing led to it for long enough. */
export function mayBeUnlisted(model: Model, manifest: KnownManifest, nowMs: number): boolean {
  return manifest.mayBeGone || mayRuleUnlist(model, manifest, nowMs, []);
}

/** `through`: whose own stay is in question, and which keep nobody therefore. */
function mayRuleUnlist(
  model: Model,
  manifest: KnownManifest,
  nowMs: number,
  through: readonly KnownManifest[],
): boolean {
  const { untaggedMs } = model.rules;
  if (untaggedMs === 'keep') return false;
  if (nowMs - Math.max(manifest.pushedMs, manifest.leftMs) + roundedMs <= untaggedMs) return false;
  const { repository, content } = manifest;
  for (const known of model.tags.values()) {
    const isItsOwn = known.repository === repository && known.meant.has(content.digest);
    if (isItsOwn && known.meant.size === 1 && !mayBeUntagged(model, known, nowMs)) return false;
  }
  const stays = (other: KnownManifest) =>
    !through.includes(other) && !other.mayBeGone && !mayRuleUnlist(model, other, nowMs, [...through, manifest]);
  return !around(model, manifest).some((other) => other !== manifest && stays(other));
}

/** Which keep it as long as they stay: indexes that list it, referrers, and what it refers to. */
function around(model: Model, { repository, content, subject }: KnownManifest): readonly KnownManifest[] {
  return [...model.manifests.values()].filter(
    (other) =>
      other.repository === repository &&
      (other.children.some(({ digest }) => digest === content.digest) ||
        other.subject?.digest === content.digest ||
        other.content.digest === subject?.digest),
  );
}

/** Of what is there, once that is known of all: what no tag leads to, whichever way. */
export function looseIn(model: Model): readonly KnownManifest[] {
  const there = [...model.manifests.values()].filter(({ mayBeGone }) => !mayBeGone);
  const isTagged = ({ repository, content }: KnownManifest) =>
    [...model.tags.values()].some((tag) => tag.repository === repository && tag.meant.has(content.digest));
  const kept = new Set(there.filter(isTagged));
  const isNamedByOneKept = ({ repository, subject }: KnownManifest) =>
    subject !== undefined && model.referrersOf(repository, subject.digest).some((other) => kept.has(other));
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const each of there) {
      // A subject that is gone is needed all the same by what is kept, and so are its other referrers.
      if (isNamedByOneKept(each) || around(model, each).some((other) => kept.has(other))) kept.add(each);
    }
  }
  return there.filter((each) => !kept.has(each));
}
