// Whatever is exported, in whichever form, is what our own reading finds there: names, digests, children, referrers, bytes.

import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../src/oci/reference.ts';
import type { ExportProfile } from '../../src/transfer/export-profile.ts';
import type { ImageSource } from '../../src/transfer/image-source.ts';
import { openLocalSource } from '../../src/transfer/local-source.ts';
import { blobOf, type Content, configType, imageManifest, referrerOf } from '../support/content.ts';
import { exported, platformIndex } from '../support/exports.ts';
import { MemorySource } from '../support/memory-source.ts';
import { defaultRules } from '../support/rules.ts';
import { silentLog } from '../support/silent-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const repository = parseRepositoryName('team/app');
const profiles = ['oci', 'docker', 'ctr', 'linuxkit'] as const satisfies readonly ExportProfile[];
const architectures = ['amd64', 'arm64', 'riscv64'];

interface Graph {
  /** Each image: which layers of a common stock it has. */
  readonly images: readonly (readonly number[])[];
  /** Each index: which images it lists. */
  readonly indexes: readonly (readonly number[])[];
  /** Each referrer: what it refers to, counted from the images over the indexes to the referrers before it. */
  readonly referrers: readonly number[];
}

const some = (of: number, maxLength: number) => fc.uniqueArray(fc.nat({ max: of }), { minLength: 1, maxLength });
const graphs: fc.Arbitrary<Graph> = fc.record({
  images: fc.array(some(5, 3), { minLength: 1, maxLength: 3 }),
  indexes: fc.array(some(2, 3), { maxLength: 2 }),
  referrers: fc.array(fc.nat({ max: 7 }), { maxLength: 4 }),
});

interface Made {
  readonly source: MemorySource;
  /** Tags by name, all manifests. */
  readonly tagged: ReadonlyMap<string, Content>;
  readonly manifests: readonly Content[];
}

function made({ images, indexes, referrers }: Graph): Made {
  const source = new MemorySource();
  const tagged = new Map<string, Content>();
  const manifests: Content[] = [];
  const pictures = images.map((layers, at) =>
    imageManifest({
      layers: layers.map((layer) => blobOf(`layer ${layer}`.repeat(layer * 40 + 1))),
      config: blobOf(JSON.stringify({ architecture: architectures[at % 3] }), configType),
      annotations: { image: String(at) },
    }),
  );
  for (const [at, image] of pictures.entries()) {
    source.addImage(repository, image, `image-${at}`);
    tagged.set(`image-${at}`, image);
    manifests.push(image);
  }
  for (const [at, listed] of indexes.entries()) {
    const children = listed.flatMap((each) => pictures[each] ?? []);
    const index = platformIndex(...children.map((child, place) => [child, architectures[place % 3] ?? ''] as const));
    source.addManifest(repository, index, `index-${at}`);
    tagged.set(`index-${at}`, index);
    manifests.push(index);
  }
  for (const [at, subject] of referrers.entries()) {
    const of = manifests[subject % manifests.length];
    if (of === undefined) continue;
    const referrer = referrerOf(of, `application/vnd.example.${at}`, { at: String(at) });
    source.addImage(repository, referrer);
    manifests.push(referrer);
  }
  return { source, tagged, manifests };
}

async function found(source: ImageSource, name: string, { manifests }: Made) {
  const names = await source.repositories();
  const read = parseRepositoryName(names.find((each) => each.endsWith(name)) ?? names[0] ?? name);
  const tags = await source.tags(read);
  const digests = await Promise.all(
    tags.map(async (tag) => (await source.manifest(read, { kind: 'tag', tag })).digest),
  );
  const referrers: [Digest, readonly Digest[]][] = [];
  for (const { digest } of manifests) {
    referrers.push([digest, (await source.referrers(read, digest)).map((each) => each.digest).sort()]);
  }
  return { tags: tags.map((tag, at) => `${tag} ${digests[at]}`), referrers };
}

it('an export holds what was exported, in every form', async () => {
  await fc.assert(
    fc.asyncProperty(
      graphs,
      fc.constantFrom(...profiles),
      fc.constantFrom('', '.tar', '.tar.gz'),
      async (graph, profile, form) => {
        const content = made(graph);
        const directory = await temporaryDirectory();
        const target = resolve(directory, `app${form}`);
        const references = [...content.tagged.keys()].map((tag) => `${repository}:${tag}`);
        await exported(content.source, references, { target, profile });
        const log = silentLog;
        const environment = { XDG_CACHE_HOME: resolve(directory, 'cache') };
        const source = await openLocalSource([target], {
          root: undefined,
          environment,
          rules: defaultRules,
          log,
        });
        try {
          const wanted = await found(content.source, repository, content);
          const seen = await found(source, 'app', content);
          expect(seen).toEqual(wanted);
          for (const tag of content.tagged.keys()) expect(seen.tags.join()).toContain(parseTag(tag));
        } finally {
          await source.close();
        }
      },
    ),
    { numRuns: 40 },
  );
});
