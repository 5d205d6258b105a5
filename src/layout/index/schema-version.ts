// The schemaVersion of index.json, which must be 2 (image-spec, image-index.md): what is copied from an index without it to a registry
// is refused there. Bazel's rules_oci writes none, and a Go program that forgot it writes 0.
import type { AroundEntries } from './index-document.ts';
import { membersOf, withMember } from './json-span.ts';

const name = 'schemaVersion';
const usualHead = `{"${name}":2,`;

/** `missing`, or what stands there instead of 2; undefined where it is right. */
export function wrongSchemaVersion({ head, tail }: AroundEntries): string | undefined {
  if (head.startsWith(usualHead)) return undefined;
  const written = membersOf(`${head}${tail}`).findLast((member) => member.name === name);
  if (written === undefined) return 'missing';
  return JSON.parse(written.text) === 2 ? undefined : written.text;
}

/** The same with a version where it says none. Any other one is whatever its writer meant by it, and stays. */
export function withSchemaVersion(written: AroundEntries): AroundEntries {
  const wrong = wrongSchemaVersion(written);
  if (wrong === undefined || !['missing', 'null', '0'].includes(wrong)) return written;
  const { head, tail } = wrong === 'missing' ? written : withoutVersion(written);
  return { head: `${usualHead}${head.slice(1)}`, tail };
}

function withoutVersion({ head, tail }: AroundEntries): AroundEntries {
  const before = withMember(`${head}]}`, name, undefined);
  const after = withMember(`{${tail.slice(tail.startsWith('],') ? 2 : 1)}`, name, undefined);
  return { head: before.slice(0, -2), tail: after === '{}' ? ']}' : `],${after.slice(1)}` };
}
