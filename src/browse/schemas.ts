// The shapes of what `/api` answers with, for its description (OpenAPI) and for the tests that hold every answer against them. Loaded only then.
import { z } from 'zod';

const time = z.iso.datetime().describe('RFC 3339, in UTC');
const digest = z.string().regex(/^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/);
const bytes = z.int().nonnegative();

const descriptor = z.object({ mediaType: z.string(), digest, size: bytes }).loose().describe('of the OCI image spec');

/** Who may not see all repositories is not told what others have as well. */
const use = {
  bytes,
  alone: bytes.optional().describe('free once it is gone'),
  shared: bytes.optional().describe('what other repositories have as well'),
  blobs: z.int(),
};

export const session = z.strictObject({
  user: z.string().optional().describe('absent: nobody said who they are'),
  kind: z.enum(['anonymous', 'user', 'robot', 'certificate', 'external']),
  everybodySeesAll: z.boolean(),
  readOnly: z.string().optional().describe('why nothing can be pushed'),
});

export const repositories = z.strictObject({
  repositories: z.array(
    z.strictObject({
      name: z.string(),
      tags: z.int().optional().describe('how many; absent where they cannot be read'),
      changedAt: time.optional().describe('the last push or delete'),
      problem: z.string().optional().describe('why it cannot be read'),
    }),
  ),
  more: z.boolean().describe('true: go on with `last`, the name of the last one'),
});

export const repository = z.strictObject({
  name: z.string(),
  tags: z.int(),
  untagged: z.int().describe('images that no tag leads to'),
  changedAt: time.optional(),
  readOnly: z.string().optional().describe('why it takes no pushes'),
  writtenBy: z
    .array(z.strictObject({ tool: z.string(), trace: z.string() }))
    .optional()
    .describe('tools that left traces in its directory'),
  disk: z
    .strictObject(use)
    .optional()
    .describe('absent for who may not see all repositories that are in its directory'),
  may: z.strictObject({ push: z.boolean(), delete: z.boolean() }).describe('what whoever asks may do'),
});

export const findings = z.strictObject({
  where: z.string().optional().describe('where it lies on the machine of the registry; only for who may `admin`'),
  findings: z.array(
    z.strictObject({
      code: z.string(),
      severity: z.enum(['error', 'warning', 'note']),
      why: z.string(),
      remedy: z.string(),
      about: z.array(
        z.strictObject({
          name: z.string().optional(),
          digest: z.string().optional(),
          path: z.string().optional().describe('below its directory'),
          detail: z.string().optional(),
        }),
      ),
      omitted: z.int().describe('more of that code'),
    }),
  ),
  isWhole: z.boolean().describe('false: there was too much to look at all of it; `moorage inspect` does'),
  withheld: z.string().optional().describe('why nothing is told'),
});

const summary = z.strictObject({
  digest,
  mediaType: z.string(),
  type: z.enum(['index', 'image', 'artifact']),
  artifactType: z.string().optional(),
  platforms: z.array(z.string()),
  contentSize: bytes.describe('config and layers of all platforms, each blob once'),
  created: z.string().optional().describe('as it was written'),
  missing: z.int().describe('listed manifests that are not there'),
  omitted: z
    .int()
    .describe('manifests that were not looked at, since there are too many: sizes and platforms are of the others'),
});

export const tags = z.strictObject({
  tags: z.array(
    z.strictObject({ tag: z.string(), image: summary.optional().describe('absent: what it names is gone') }),
  ),
  more: z.boolean(),
});

export const node = z.strictObject({
  kind: z.enum(['index', 'image', 'referrer', 'attestation', 'cosign']).describe('what it is to the one above'),
  digest: z.string(),
  mediaType: z.string(),
  artifactType: z.string().optional(),
  tag: z.string().optional().describe('by which it was found, of what cosign keeps'),
  platform: z.string().optional(),
  size: bytes.describe('of the manifest'),
  contentSize: bytes,
  created: z.string().optional(),
  annotations: z.record(z.string(), z.string()),
  config: descriptor.optional(),
  layers: z.array(descriptor),
  problem: z.enum(['missing', 'unreadable', 'not a manifest', 'unrelated', 'cycle']).optional(),
  omitted: z.int().describe('nodes below it that are left out'),
  get manifests() {
    return z.array(node);
  },
  get attestations() {
    return z.array(node);
  },
  get referrers() {
    return z.array(node);
  },
  get cosign() {
    return z.array(node);
  },
});

export const image = z.strictObject({
  name: z.string(),
  tags: z.array(z.string()).describe('the first tags of its digest, at most 100'),
  moreTags: z.int().describe('how many it has besides'),
  image: node,
});

export const moves = z.strictObject({
  moves: z
    .array(
      z.strictObject({
        at: time.optional(),
        how: z.enum(['push', 'delete', 'retention', 'foreign', 'rollback']),
        from: digest.optional().describe('absent: there was no such tag'),
        to: digest.optional().describe('absent: the tag is gone'),
      }),
    )
    .describe('the newest first, at most 200'),
});

export const rollback = z.strictObject({ tag: z.string(), from: digest.optional(), to: digest });
export const rollbackRequest = z.strictObject({ to: digest.optional().describe('absent: what the tag meant before') });

const used = z.strictObject({ repository: z.string(), ...use });

export const disk = z.strictObject({
  at: time
    .optional()
    .describe('when it was looked at; for a minute, or ten times as long as that took, it is not looked at again'),
  mounts: z.array(
    z.strictObject({
      repositories: z.array(used),
      total: bytes.optional().describe('of all of them, each file once'),
      poolAlone: bytes.optional(),
      unreferenced: bytes.optional().describe('what a collection would free that keeps nothing for being young'),
      uploads: bytes.optional(),
      quarantine: bytes.optional(),
      room: z.looseObject({ free: bytes, total: bytes }).optional(),
    }),
  ),
  unclear: z.array(z.strictObject({ repository: z.string(), why: z.string() })),
});

export const failure = z.strictObject({
  errors: z.array(z.strictObject({ code: z.string(), message: z.string(), detail: z.string().optional() })),
});
