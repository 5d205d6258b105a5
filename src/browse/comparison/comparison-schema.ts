// The shape of a comparison of two images, for the description of `/api` and for the tests that hold answers against it.
import { z } from 'zod';

const bytes = z.int().nonnegative();

const side = z.strictObject({
  name: z.string(),
  digest: z.string().describe('of what the reference names'),
  imageDigest: z.string().describe('of the manifest that is compared: that of the platform'),
  platform: z.string().optional(),
  platforms: z.array(z.string()).describe('those to choose from; empty for an image of one'),
  contentSize: bytes,
  configProblem: z.string().optional().describe('why its config is not compared'),
});

const values = z.strictObject({
  differences: z.array(
    z.strictObject({
      name: z.string(),
      from: z.string().optional().describe('absent: it is not there'),
      to: z.string().optional(),
    }),
  ),
  omitted: z.int().describe('differences that are left out'),
  same: z.int(),
});

const file = z.strictObject({
  type: z.enum(['file', 'directory', 'symlink', 'hardlink', 'character device', 'block device', 'fifo']),
  size: bytes,
  mode: z.string().optional().describe('octal digits'),
  target: z.string().optional().describe('what a link leads to'),
});

const files = z.strictObject({
  added: z.int(),
  removed: z.int(),
  changed: z.int(),
  differences: z
    .array(
      z.strictObject({
        path: z.string().describe('printable, and cut where it is long'),
        change: z.enum(['added', 'removed', 'changed']),
        maybe: z
          .literal(true)
          .optional()
          .describe('layers that were not read may hold it as well: then it is changed, or is there still'),
        from: file.optional(),
        to: file.optional(),
      }),
    )
    .describe('the first 2,000'),
  omitted: z.int(),
  commonLayers: z.int().describe('at the bottom of both, not read'),
  unread: z.array(z.strictObject({ side: z.enum(['from', 'to']), digest: z.string(), why: z.string() })),
  cut: z
    .enum(['entries', 'bytes', 'names', 'paths', 'time'])
    .optional()
    .describe('which limit was reached; layers further down were not read'),
  read: z.strictObject({
    entries: z.int(),
    bytes: bytes.describe('unpacked'),
    unusable: z.int().describe('entries whose names name nothing'),
  }),
});

export const comparison = z.strictObject({
  from: side,
  to: side,
  config: values,
  environment: values,
  labels: values,
  annotations: values,
  layers: z.strictObject({
    list: z.array(
      z.strictObject({
        state: z.enum(['same', 'removed', 'added']),
        digest: z.string(),
        mediaType: z.string(),
        size: bytes,
        command: z.string().optional(),
      }),
    ),
    omitted: z.int(),
    sameBytes: bytes,
    removedBytes: bytes,
    addedBytes: bytes,
  }),
  attached: z
    .array(z.strictObject({ artifactType: z.string(), from: z.int(), to: z.int() }))
    .describe('referrers, attestations and what cosign keeps: how many of each type'),
  files: files.optional().describe('absent with `files=false`'),
});
