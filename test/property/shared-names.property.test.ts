// Pushes and deletes into layouts of several repositories, whatever full names are in them: each repository shows what was done
// to it, and no other one changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdit } from '../../src/layout/changes/index-edit.ts';
import type { ImageName } from '../../src/layout/index/image-name.ts';
import { IndexDraft } from '../../src/layout/index/index-draft.ts';
import { parseIndexDocument } from '../../src/layout/index/index-parse.ts';
import { LayoutIndex } from '../../src/layout/index/layout-index.ts';
import type { VirtualPath } from '../../src/layout/names/name-table.ts';
import { LayoutNames } from '../../src/layout/names/repository-names.ts';
import { annotationKeys } from '../../src/oci/annotations.ts';
import { parseTag, type RepositoryName } from '../../src/oci/reference.ts';
import { factsIn, imageManifest } from '../support/content.ts';
import { defaultRules } from '../support/rules.ts';

const { refName, imageName, baseName } = annotationKeys;
const nowMs = Date.parse('2026-11-21T10:00:00Z');
const images = Array.from({ length: 6 }, (_, at) => imageManifest({ annotations: { n: String(at) } }));

const hosts = fc.constantFrom('docker.io', 'index.docker.io', 'ghcr.io', 'localhost:5000', undefined);
const paths = fc.constantFrom('app', 'acme/app', 'docker.io/app', 'library/app', 'x.y/app');
const tags = fc.constantFrom('v1', 'v2', 'latest');

interface Written {
  readonly host: string | undefined;
  readonly path: string;
  readonly tag: string;
}

interface Named extends Written {
  readonly image: number;
  readonly style: 'ref-name' | 'image-name' | 'base-name' | 'bare';
  /** Further names in the same annotation. */
  readonly others: readonly Written[];
}

const written = { host: hosts, path: paths, tag: tags };
const named: fc.Arbitrary<Named> = fc.record({
  ...written,
  image: fc.nat(images.length - 1),
  style: fc.constantFrom('ref-name', 'image-name', 'base-name', 'bare'),
  others: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(fc.record(written), { maxLength: 3 })),
});

function writtenAs(text: string): Written {
  const [path = '', tag = ''] = text.split(':');
  return { host: 'docker.io', path, tag };
}

/** Of Docker Hub, in the annotation of oras; `others` are more names in it. */
function fullName(text: string, image: number, others: readonly string[] = []): Named {
  return { ...writtenAs(text), image, style: 'ref-name', others: others.map(writtenAs) };
}

function layoutOf(entries: readonly Named[]): LayoutIndex {
  const manifests = entries.map(({ image, tag, style, others, ...name }) => {
    const full = [{ ...name, tag }, ...others]
      .map(({ host, path, tag: own }) => `${host === undefined ? '' : `${host}/`}${path}:${own}`)
      .join(',');
    const annotations = {
      'ref-name': { [refName]: full },
      'image-name': { [refName]: tag, [imageName]: full },
      'base-name': { [baseName]: full },
      bare: { [refName]: tag },
    }[style];
    return { ...images[image]?.descriptor, annotations };
  });
  return LayoutIndex.of(parseIndexDocument(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), undefined));
}

/** What every repository's tags mean, and where a repository stands for an image, which. */
function shownBy(index: LayoutIndex, names: LayoutNames): Map<string, string | undefined> {
  const table = names.table(index);
  const all = [...(table?.repositories ?? [])].flatMap(([path, byTag]) =>
    [...byTag.keys()].map((tag) => [`${path}:${tag}`, names.of(path).entryOf(index, tag)?.digest] as const),
  );
  return new Map(all);
}

function isSame(one: ImageName, other: ImageName | undefined): boolean {
  return one.host === other?.host && one.path === other?.path;
}

const target = fc.oneof(
  paths,
  fc
    .tuple(fc.constantFrom('docker.io', 'index.docker.io', 'ghcr.io', 'localhost_5000', 'new.io'), paths)
    .map((parts) => parts.join('/')),
  fc.constant(''),
);

describe('a layout of several repositories', () => {
  it('shows a push where it went, and nowhere else', () => {
    fc.assert(
      fc.property(fc.array(named, { minLength: 2, maxLength: 6 }), target, tags, (entries, path, text) => {
        const before = layoutOf(entries);
        const layout = new LayoutNames('shelf/own', defaultRules);
        fc.pre(layout.table(before)?.isShared === true);
        const names = layout.of(path as VirtualPath);
        const tag = parseTag(text);
        const pushed = imageManifest({ annotations: { n: 'pushed' } });
        const { bytes, digest } = pushed;
        const facts = factsIn(pushed);
        const draft = new IndexDraft(before);
        applyEdit(draft, { kind: 'put', how: 'push', facts, bytes, absent: [], tags: [tag], names }, nowMs);
        const after = draft.finish();
        expect(names.entryOf(after, tag)?.digest).toBe(digest);
        const image = layout.table(after)?.imageAt.get(names.path as RepositoryName);
        // A short name may vanish where it became ambiguous; none may come to mean something else.
        for (const [name, is] of shownBy(after, layout)) {
          const at = name.slice(0, name.lastIndexOf(':'));
          const isTarget =
            at === names.path ||
            (image !== undefined && layout.table(after)?.imageAt.get(at as RepositoryName) === image);
          if (isTarget && name.endsWith(`:${text}`)) expect(is).toBe(digest);
          else if (!isTarget) expect(is, name).toBe(shownBy(before, layout).get(name));
        }
      }),
      {
        // An entry of several names before others of one full name: those must keep their order.
        examples: [
          [
            [
              fullName('app:latest', 0, ['app:latest']),
              fullName('app:v1', 0),
              { ...fullName('app:v1', 1), style: 'image-name' },
              fullName('docker.io/app:v1', 0),
            ],
            '',
            'v1',
          ],
        ],
      },
    );
  });

  it('untags in one repository only', () => {
    fc.assert(
      fc.property(fc.array(named, { minLength: 2, maxLength: 6 }), fc.nat(), (entries, pick) => {
        const before = layoutOf(entries);
        const layout = new LayoutNames('shelf/own', defaultRules);
        const shown = shownBy(before, layout);
        fc.pre(layout.table(before)?.isShared === true);
        const name = [...shown.keys()][pick % shown.size] ?? '';
        const [path = '', tag = ''] = [name.slice(0, name.lastIndexOf(':')), name.slice(name.lastIndexOf(':') + 1)];
        const image = layout.table(before)?.imageAt.get(path as RepositoryName);
        const draft = new IndexDraft(before);
        applyEdit(
          draft,
          { kind: 'untag', how: 'delete', tag: parseTag(tag), names: layout.of(path as VirtualPath) },
          nowMs,
        );
        const after = draft.finish();
        const left = shownBy(after, layout);
        // Where the last tag of an image went, its name may be the short one of another image: then that is what it means.
        const heir = layout.table(after)?.imageAt.get(path as RepositoryName);
        if (path === '' || heir === undefined || isSame(heir, image)) expect(left.get(name)).toBeUndefined();
        for (const { digest } of before.entries)
          expect(after.entries.some((each) => each.digest === digest)).toBe(true);
        for (const [other, is] of shown) {
          const at = other.slice(0, other.lastIndexOf(':'));
          // The only image that is left is the layout's own.
          if (at === '' && layout.table(after)?.isShared !== true) continue;
          if (at === path || layout.table(before)?.imageAt.get(at as RepositoryName) === image) continue;
          expect(left.get(other), other).toBe(is);
        }
      }),
      {
        examples: [
          [
            [
              fullName('app:latest', 0, ['app:latest']),
              fullName('docker.io/app:v1', 1),
              fullName('app:v1', 0),
              { ...fullName('docker.io/app:v1', 0), style: 'image-name' },
            ],
            0,
          ],
        ],
      },
    );
  });
});
