// Arbitrary index.json: entries as different tools write them, with fields that nobody knows.
import fc from 'fast-check';
import { annotationKeys } from '../../../src/oci/annotations.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';

/** Few digests and few tags, so that entries meet. */
export const digest = fc.nat({ max: 5 }).map((n) => digestOf(Buffer.from(`manifest ${n}`)));
export const tag = fc.constantFrom('v1', 'v2', 'latest');

const annotations = fc.record(
  {
    [annotationKeys.refName]: fc.oneof(tag, fc.constant('host/repo:v1'), fc.string()),
    [annotationKeys.created]: fc.constant('2026-01-02T03:04:05Z'),
    [annotationKeys.containerdSubject]: digest,
    [annotationKeys.olaregSubject]: digest,
    'x.example': fc.string({ unit: 'binary' }),
  },
  { requiredKeys: [] },
);

const descriptor = fc.record(
  {
    mediaType: fc.constantFrom(mediaTypes.imageManifest, mediaTypes.imageIndex, 'application/xml'),
    digest: fc.oneof({ weight: 5, arbitrary: digest }, { weight: 1, arbitrary: fc.string() }),
    size: fc.nat(),
    annotations,
    'x-vendor': fc.jsonValue({ maxDepth: 1 }),
  },
  { requiredKeys: ['digest'] },
);

/** JSON keeps numbers that JavaScript cannot hold, and writes letters in two ways. */
const oddLine = fc.constantFrom(
  '{"digest":"sha256:0","size":12345678901234567890}',
  '{"size":1e400,"x":-0.0,"y":1E+2}',
  '{"mediaType":"\\u0061\\/b","x":"\\ud83d\\ude00\\ud800"}',
  '{"a":1,"a":2}',
  '{}',
);

/** One descriptor on one line. */
export const line = fc.oneof({ weight: 6, arbitrary: descriptor.map((each) => JSON.stringify(each)) }, oddLine);

/** What need not be a descriptor, and is kept. */
export const element = fc.oneof({ weight: 9, arbitrary: line }, fc.constantFrom('null', '5', '"x"', '[]'));

const member = fc
  .tuple(
    fc.oneof(fc.constantFrom('schemaVersion', 'mediaType', 'annotations', 'x'), fc.string()),
    fc.jsonValue({ maxDepth: 1 }),
  )
  .filter(([name]) => name !== 'manifests')
  .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
export const members = fc.array(member, { maxLength: 3 });

/** The text of an index.json in our form: one entry a line. */
export function inOurForm(head: readonly string[], lines: readonly string[], tail: readonly string[]): string {
  const start = `{${head.map((each) => `${each},`).join('')}"manifests":[\n`;
  const middle = lines.length === 0 ? '' : `${lines.join(',\n')}\n`;
  return `${start}${middle}]${tail.map((each) => `,${each}`).join('')}}\n`;
}
