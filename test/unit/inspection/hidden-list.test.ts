// What a server says is hidden when it starts: across mounts, in archives, and no more of it than fits a screen.

import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hiddenLines } from '../../../src/inspection/hidden-list.ts';
import type { LinkRules } from '../../../src/layout/blobs/linked-blobs.ts';
import { openMounts } from '../../../src/mounts/open-mounts.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { blobPath, blobsOf, entryOf, writeStranger } from '../../hostile/stranger.ts';
import { blobOf, imageIndex, imageManifest } from '../../support/content.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const image = imageManifest();
const whole = { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) };

function linesOf(...paths: readonly string[]): Promise<readonly string[]> {
  return linesWith(defaultRules.links, ...paths);
}

async function linesWith(links: LinkRules['links'], ...paths: readonly string[]): Promise<readonly string[]> {
  const cacheDirectory = await temporaryDirectory();
  const modes = { fileMode: 0o644, directoryMode: 0o755 };
  const mounts = await openMounts({
    paths,
    root: undefined,
    readOnly: true,
    cacheDirectory,
    ...modes,
    links,
    log: silentLog,
  });
  const registry = new Registry({ mounts, log: silentLog, rules: defaultRules });
  onTestFinished(() => registry.close());
  const { signal } = new AbortController();
  return hiddenLines({ registry, mounts, names: defaultRules, signal });
}

async function archiveOf(members: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(members)) tar.entry({ name }, bytes);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const path = join(await temporaryDirectory(), 'app.tar');
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

describe('what is hidden', () => {
  it('is nothing where everything is served', async () => {
    const directory = await temporaryDirectory();
    writeStranger(join(directory, 'a'), whole);
    writeStranger(join(directory, 'b/c'), whole);
    expect(await linesOf(directory)).toEqual([]);
  });

  it('a layout whose name another PATH has', async () => {
    const [root, other] = [await temporaryDirectory(), await temporaryDirectory()];
    writeStranger(join(root, 'app'), whole);
    writeStranger(join(other, 'another'), whole);
    expect(await linesOf(root, `app=${join(other, 'another')}`)).toEqual([
      '  1 thing is hidden (moorage inspect PATH says what to do)',
      `    hidden-by-mount  app  (${root})`,
      '',
    ]);
  });

  it('archives of a directory that are not served, each with its reason, and a directory of skopeo', async () => {
    const directory = await temporaryDirectory();
    writeFileSync(join(directory, 'cut.tar'), readFileSync(await archiveOf({ 'index.json': '{}' })).subarray(0, 700));
    writeFileSync(join(directory, 'text.tar'), 'not a tar at all');
    symlinkSync('text.tar', join(directory, 'link.tar'));
    mkdirSync(join(directory, 'sk'));
    for (const name of ['manifest.json', 'version', 'a'.repeat(64)]) writeFileSync(join(directory, 'sk', name), '');
    const lines = await linesOf(directory);
    expect(lines[0]).toBe(`  4 things are hidden (moorage inspect ${directory} says what to do)`);
    expect(lines.slice(1, -1).map((line) => line.trim())).toEqual([
      expect.stringMatching(/^archive-unreadable {2}cut\.tar {2}\(/),
      `skopeo-directory  sk  (skopeo copy dir:${directory}/sk oci:${directory}/sk-oci:latest)`,
      'name-taken  link.tar  (a symbolic link, which is not followed: name it as a PATH)',
      expect.stringMatching(/^other-archive {2}text\.tar {2}\(is neither a tar nor one compressed/),
    ]);
  });

  it('members of an archive', async () => {
    const path = await archiveOf({
      'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
      'index.json': JSON.stringify({ schemaVersion: 2, manifests: [entryOf(image, 'v1')] }),
      ...Object.fromEntries(blobsOf(image).map(({ digest, bytes }) => [`blobs/${digest.replace(':', '/')}`, bytes])),
      '../evil': 'evil',
    });
    expect(await linesOf(path)).toEqual([
      `  1 thing is hidden (moorage inspect ${path} says what to do)`,
      '    members-refused  app  ../evil  (its path contains `..`)',
      '',
    ]);
  });

  it('members of a docker save without index.json, and images that it cannot be made of', async () => {
    const layer = 'a layer';
    const path = await archiveOf({
      'config.json': JSON.stringify({ rootfs: { type: 'layers', diff_ids: [digestOf(Buffer.from(layer))] } }),
      'layer.tar': layer,
      'manifest.json': JSON.stringify([
        { Config: 'config.json', RepoTags: ['app:v1', 'not a name'], Layers: ['layer.tar'] },
        { Config: 'config.json', RepoTags: ['app:v2'], Layers: ['gone.tar'] },
      ]),
      '../evil': 'evil',
    });
    expect(await linesOf(path)).toEqual([
      `  3 things are hidden (moorage inspect ${path} says what to do)`,
      '    image-left-out  app  app:v2  (gone.tar is not in the archive)',
      '    members-refused  app  ../evil  (its path contains `..`)',
      '    unusable-name  app:not a name',
      '',
    ]);
  });

  it('a tag whose image cannot be pulled: a layer that is not there, cut short, or a link that is not followed', async () => {
    const directory = await temporaryDirectory();
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    const app = writeStranger(join(directory, 'app'), whole);
    rmSync(blobPath(app, layer.digest));
    const heading = `  1 thing is hidden (moorage inspect ${directory} says what to do)`;
    expect(await linesOf(directory)).toEqual([heading, `    missing-content  app:v1  (${layer.digest})`, '']);
    writeFileSync(blobPath(app, layer.digest), 'la');
    expect(await linesOf(directory)).toEqual([
      heading,
      `    missing-content  app:v1  (${layer.digest}, of another size)`,
      '',
    ]);
    rmSync(blobPath(app, layer.digest));
    writeFileSync(join(directory, 'layer'), layer.bytes);
    symlinkSync(join(directory, 'layer'), blobPath(app, layer.digest));
    expect(await linesOf(directory)).toEqual([]);
    expect(await linesWith('refuse', directory)).toEqual([
      heading,
      `    missing-content  app:v1  (${layer.digest}, a symbolic link; see layouts.links, and NAME=PATH:ro)`,
      '',
    ]);
  });

  it('the only image, which has no name, as Bazel writes it', async () => {
    const directory = await temporaryDirectory();
    const app = writeStranger(join(directory, 'app'), { entries: [entryOf(image)], blobs: blobsOf(image) });
    expect(await linesOf(directory)).toEqual([]);
    renameSync(blobPath(app, image.digest), join(directory, 'manifest'));
    symlinkSync(join(directory, 'manifest'), blobPath(app, image.digest));
    expect(await linesOf(directory)).toEqual([]);
    expect((await linesWith('refuse', directory))[1]).toBe(
      `    dangling-tag  app:latest  ${image.digest}  (a symbolic link; see layouts.links, and NAME=PATH:ro)`,
    );
  });

  it('an index of which no platform is whole, and not one of which some are', async () => {
    const directory = await temporaryDirectory();
    const other = imageManifest({ annotations: { n: 'other' }, layers: [blobOf('another layer')] });
    const index = imageIndex({ manifests: [other, image] });
    const app = writeStranger(join(directory, 'app'), {
      entries: [entryOf(index, 'v1')],
      blobs: [index, ...blobsOf(image)],
    });
    expect(await linesOf(directory)).toEqual([]);
    rmSync(blobPath(app, image.config.digest));
    expect((await linesOf(directory))[1]).toBe(`    missing-content  app:v1  (${other.digest})`);
  });

  it('the first twenty, and how many more', async () => {
    const directory = await temporaryDirectory();
    const entries = Array.from({ length: 30 }, (_, at) => entryOf(image, `Not A Tag ${at}`));
    writeStranger(join(directory, 'app'), { ...whole, entries: [...entries, entryOf(image, 'v1')] });
    const lines = await linesOf(directory);
    expect(lines[0]).toContain('30 things are hidden');
    expect(lines[1]).toBe(`    unusable-name  app:Not A Tag 0  ${image.digest}`);
    expect(lines.slice(21)).toEqual(['    ... and 10 more', '']);
  });
});
