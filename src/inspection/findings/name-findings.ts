// What is hidden by its name: names that nobody can ask for, and names that several entries have (docs/layouts.md#names).

import { fullNameIn } from '../../layout/index/entry-name.ts';
import { parseImageName } from '../../layout/index/image-name.ts';
import type { IndexEntry } from '../../layout/index/index-entry.ts';
import type { LayoutIndex } from '../../layout/index/layout-index.ts';
import type { NameRules } from '../../layout/names/name-rules.ts';
import { impliedLatest, namingOf } from '../../layout/names/name-table.ts';
import { entryMeant } from '../../layout/names/repository-names.ts';
import { eachInSteps, type SteppedWork } from '../../layout/pacing/steps.ts';
import { annotationKeys } from '../../oci/annotations.ts';
import { fieldsOf } from './entry-fields.ts';
import type { FindingList } from './finding-list.ts';

/** `own` is the name that the layout is served under. Reads nothing; in steps. */
export function* findingNames(
  index: LayoutIndex,
  own: string,
  rules: NameRules,
  findings: FindingList,
): SteppedWork<void> {
  yield* eachInSteps(index.entries, (entry) => findName(entry, findings));
  const table = yield* namingOf(index.entries, own, rules);
  const seen = new Set<string>();
  for (const tags of table.repositories.values()) {
    yield* eachInSteps(tags, ([tag, entries]) => {
      if (entries.length > 1) findDuplicates(tag, entries, rules, seen, findings);
    });
  }
  const latest = rules.unnamed === 'latest' ? impliedLatest(index.entries) : undefined;
  if (latest?.digest !== undefined) {
    findings.add('implied-latest', { name: 'latest', digest: latest.digest });
    if (index.untagged(latest.digest).length > 1)
      findings.add('repeated-entry', { name: 'latest', digest: latest.digest });
  }
  const virtual = table.listed.filter((path) => path !== '');
  if (virtual.length > 0) {
    findings.add('several-repositories', { detail: `${virtual.slice(0, 8).join(', ')}${more(virtual.length - 8)}` });
  }
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : '';
}

function findName({ name, digest, line }: IndexEntry, findings: FindingList): void {
  if (name.kind === 'unusable') {
    findings.add(isUpperCase(name.text) ? 'upper-case-name' : 'unusable-name', { name: name.text, digest });
  } else if (name.kind === 'auxiliary') {
    // Those without any name, as cosign's, are found by what they refer to.
    const named = nameIn(line);
    if (named !== undefined) findings.add('auxiliary-name', { name: named, digest });
  } else if (name.kind === 'full') {
    const { image, bareTag, style, others } = name;
    if (others.length > 0) findings.add('several-names', { name: nameIn(line), digest });
    if (style === 'base-name') findings.add('name-of-base', { name: nameIn(line), digest });
    if (image.tag === undefined && bareTag === undefined) {
      findings.add('name-without-tag', { name: nameIn(line) ?? image.path, digest });
    }
    if (style === 'image-name' && bareTag !== undefined && image.tag !== undefined && bareTag !== image.tag) {
      findings.add('disagreeing-names', { name: `${image.path}:${image.tag}`, digest, detail: `ref.name ${bareTag}` });
    }
  }
}

function nameIn(line: string): string | undefined {
  // Only for the few entries that have something to tell.
  const { annotations } = fieldsOf({ line });
  return fullNameIn(annotations) ?? annotations[annotationKeys.refName];
}

/** True when nothing but its capital letters keeps the name from being one. */
function isUpperCase(text: string): boolean {
  const at = text.lastIndexOf(':');
  const repository = at > text.lastIndexOf('/') ? text.slice(0, at) : text;
  if (repository === repository.toLowerCase()) return false;
  return parseImageName(`${repository.toLowerCase()}${text.slice(repository.length)}`) !== undefined;
}

function findDuplicates(
  tag: string,
  entries: readonly IndexEntry[],
  rules: NameRules,
  seen: Set<string>,
  findings: FindingList,
): void {
  const shown = entryMeant(entries, rules);
  const repeated = new Set<string>();
  for (const entry of entries) {
    const { digest, line, name } = entry;
    if (entry === shown || digest === undefined) continue;
    // One entry may be in two repositories: under its long name and its short one.
    const id = `${digest} ${name.kind === 'full' ? `${name.image.path}:${name.image.tag}` : tag}`;
    if (seen.has(id)) continue;
    seen.add(id);
    const full = nameIn(line) ?? tag;
    if (digest !== shown?.digest) {
      findings.add('hidden-duplicate', { name: full, digest, detail: `the name means ${shown?.digest}` });
    } else if (!repeated.has(digest)) {
      repeated.add(digest);
      findings.add('repeated-entry', { name: full, digest });
    }
  }
}
