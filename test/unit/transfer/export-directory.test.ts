// Directories: a layout as the profile says, added to without harm, gone on with where it was broken off.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import { WrongContentError } from '../../../src/transfer/copy-error.ts';
import { exportProfiles } from '../../../src/transfer/export-profile.ts';
import { artifactManifest, blobOf, imageIndex, imageManifest } from '../../support/content.ts';
import { amd64, arm64, exported, index, layer, signature, signedImages } from '../../support/exports.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { defaultRules } from '../../support/rules.ts';
import { noProgress } from '../../support/silent-progress.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function target(): Promise<string> {
  return `${await temporaryDirectory()}/layout`;
}

function indexOf(directory: string) {
  const { manifests } = JSON.parse(readFileSync(`${directory}/index.json`, 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  return manifests;
}

const tagsIn = (directory: string) =>
  indexOf(directory).flatMap(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? []);
const fileOf = (directory: string, digest: string) => `${directory}/blobs/${digest.replace(':', '/')}`;

it.each(exportProfiles)(
  'a directory for %s holds an artifact manifest, beside which the image is the one to run',
  async (profile) => {
    const directory = await target();
    const sbom = blobOf('sbom');
    const artifact = artifactManifest([sbom]);
    const both = imageIndex({ manifests: [artifact, amd64] });
    const source = signedImages()
      .addBlob(sbom)
      .addManifest('team/app', artifact, 'sbom')
      .addManifest('team/app', both, 'both');
    await exported(source, ['team/app:sbom'], { target: directory, profile });
    expect(indexOf(directory)[0]).toMatchObject({ digest: artifact.digest });
    for (const { digest, bytes } of [artifact, sbom]) expect(readFileSync(fileOf(directory, digest))).toEqual(bytes);
    const second = await target();
    await exported(source, ['team/app:both'], { target: second, profile });
    if (!existsSync(`${second}/manifest.json`)) return;
    expect(JSON.parse(readFileSync(`${second}/manifest.json`, 'utf8'))).toMatchObject([
      { Config: `blobs/${amd64.config.digest.replace(':', '/')}` },
    ]);
  },
);

describe.each(exportProfiles)('a directory for %s', (profile) => {
  it('holds the image and nothing of ours', async () => {
    const directory = await target();
    const report = await exported(signedImages(), ['team/app:v1'], { target: directory, profile });
    const files = ['blobs', 'index.json', 'oci-layout'];
    const expected = profile === 'docker' || profile === 'ctr' ? [...files, 'manifest.json'].sort() : files;
    expect(readdirSync(directory).sort()).toEqual(expected);
    expect(readFileSync(fileOf(directory, layer.digest))).toEqual(layer.bytes);
    expect(readFileSync(fileOf(directory, amd64.digest))).toEqual(amd64.bytes);
    expect(statSync(fileOf(directory, layer.digest)).nlink).toBe(1);
    expect(indexOf(directory)[0]).toMatchObject({ digest: amd64.digest });
    expect(report.form).toBe('directory');
  });

  it('run again changes nothing and reads no blob', async () => {
    const directory = await target();
    await exported(signedImages(), ['team/app:v1'], { target: directory, profile });
    const before = readFileSync(`${directory}/index.json`);
    const source = signedImages();
    const { totals } = await exported(source, ['team/app:v1'], { target: directory, profile });
    expect(source.reads).toEqual([]);
    expect(totals.blobs.copied).toBe(0);
    expect(readFileSync(`${directory}/index.json`)).toEqual(before);
  });

  it('broken off goes on inside the blob, and clears its work away at the end', async () => {
    const directory = await target();
    const source = signedImages();
    source.breaksAt.set(layer.digest, 16);
    const run = () => exported(source, ['team/app:v1'], { target: directory, profile });
    await expect(run()).rejects.toThrow('the connection was lost');
    expect(readdirSync(directory)).not.toContain('index.json');
    await run();
    const reads = source.reads.filter(({ digest }) => digest === layer.digest);
    expect(reads.map(({ from }) => from)).toEqual([0, 16]);
    expect(readFileSync(fileOf(directory, layer.digest))).toEqual(layer.bytes);
    expect(readdirSync(directory)).not.toContain('.moorage');
  });

  it('repairs a blob that is there with other bytes, and keeps a good one', async () => {
    const directory = await target();
    mkdirSync(`${directory}/blobs/sha256`, { recursive: true });
    writeFileSync(fileOf(directory, layer.digest), layer.bytes.toString().toUpperCase());
    writeFileSync(fileOf(directory, amd64.config.digest), amd64.config.bytes);
    const source = signedImages();
    const { totals } = await exported(source, ['team/app:v1'], { target: directory, profile, referrers: false });
    expect(readFileSync(fileOf(directory, layer.digest))).toEqual(layer.bytes);
    expect(totals.blobs).toEqual({ copied: 1, resumed: 0, present: 1, linked: 0 });
  });

  it('refuses a wrong blob without listing anything', async () => {
    const directory = await target();
    const source = signedImages().addBlob({ digest: layer.digest, bytes: layer.bytes.subarray(2) });
    await expect(exported(source, ['team/app:v1'], { target: directory, profile })).rejects.toThrow(WrongContentError);
    expect(readdirSync(directory)).not.toContain('index.json');
    expect(() => statSync(fileOf(directory, layer.digest))).toThrow('ENOENT');
  });

  it('leaves a directory of something else alone', async () => {
    const directory = await temporaryDirectory();
    writeFileSync(`${directory}/notes.txt`, 'mine');
    await expect(exported(signedImages(), ['team/app:v1'], { target: directory, profile })).rejects.toThrow(
      'is not empty and holds no image layout',
    );
    expect(readdirSync(directory)).toEqual(['notes.txt']);
  });

  it('leaves the root of a registry and a web project alone', async () => {
    for (const [name, content] of [
      ['.moorage/uploads/record.json', '{}'],
      ['index.json', '{"name":"site"}'],
    ] as const) {
      const directory = await temporaryDirectory();
      mkdirSync(dirname(`${directory}/${name}`), { recursive: true });
      writeFileSync(`${directory}/${name}`, content);
      const before = readdirSync(directory, { recursive: true });
      await expect(exported(signedImages(), ['team/app:v1'], { target: directory, profile })).rejects.toThrow(
        'is not empty and holds no image layout',
      );
      expect(readdirSync(directory, { recursive: true })).toEqual(before);
      expect(readFileSync(`${directory}/${name}`, 'utf8')).toBe(content);
    }
  });

  it('refuses a file', async () => {
    const file = `${await temporaryDirectory()}/out.txt`;
    writeFileSync(file, 'a text');
    await expect(exported(signedImages(), ['team/app:v1'], { target: file, profile })).rejects.toThrow('is a file');
    expect(readFileSync(file, 'utf8')).toBe('a text');
  });
});

describe('an existing layout', () => {
  it.each(['oci', 'docker', 'linuxkit'] as const)(
    'keeps what it has when an export for %s is added',
    async (profile) => {
      const directory = await target();
      writeLayout(directory, 'recorded/oras/multiarch');
      const before = indexOf(directory).map(({ digest }) => digest);
      await exported(signedImages(), ['team/app:multi'], { target: directory, profile, referrers: false });
      const after = indexOf(directory).map(({ digest }) => digest);
      expect(after).toEqual(expect.arrayContaining([...before, index.digest]));
    },
  );

  it('moves a tag for oci, and keeps the image that had it', async () => {
    const directory = await target();
    await exported(signedImages(), ['team/app:v1'], { target: directory, referrers: false });
    const newer = imageManifest({ layers: [blobOf('newer')] });
    await exported(signedImages().addImage('team/app', newer, 'v1'), ['team/app:v1'], { target: directory });
    expect(tagsIn(directory)).toEqual(['v1']);
    expect(indexOf(directory).map(({ digest }) => digest)).toEqual([newer.digest, amd64.digest]);
  });

  it('gets the referrers and their response for oci', async () => {
    const directory = await target();
    await exported(signedImages(), ['team/app:multi'], { target: directory });
    const entries = indexOf(directory);
    expect(tagsIn(directory)).toContain(`sha256-${amd64.digest.slice(7)}`);
    const subjects = entries.map(({ annotations }) => annotations?.['io.containerd.manifest.subject']);
    expect(subjects).toEqual(expect.arrayContaining([amd64.digest, signature.digest]));
    expect(entries.map(({ digest }) => digest)).toEqual(
      expect.arrayContaining([index.digest, amd64.digest, arm64.digest]),
    );
  });

  it.each([
    ['always', true],
    ['auto', false],
    ['never', false],
  ] as const)('gets a referrers tag as the settings have it: %s', async (referrersTag, isMade) => {
    const directory = await target();
    writeLayout(directory, 'recorded/oras/multiarch');
    const rules = { ...defaultRules, referrersTag };
    await exported(signedImages(), ['team/app:v1'], { target: directory, rules });
    expect(tagsIn(directory).includes(referrersTagOf(amd64.digest))).toBe(isMade);
    expect(indexOf(directory).map(({ digest }) => digest)).toContain(signature.digest);
  });

  it('gets parts of an image, whatever a registry with these settings would take', async () => {
    const directory = await target();
    writeLayout(directory, 'recorded/oras/multiarch');
    const rules = { ...defaultRules, requireReferences: true };
    const platform = { os: 'linux', architecture: 'arm64' };
    await exported(signedImages(), ['team/app:multi'], { target: directory, rules, platform, referrers: false });
    expect(indexOf(directory).map(({ digest }) => digest)).toContain(arm64.digest);
  });

  it('is refused for crane when it holds another image', async () => {
    const directory = await target();
    await exported(signedImages(), ['team/app:v1'], { target: directory, profile: 'crane' });
    await expect(exported(signedImages(), ['team/app:multi'], { target: directory, profile: 'crane' })).rejects.toThrow(
      'holds other images already',
    );
    expect(indexOf(directory).map(({ digest }) => digest)).toEqual([amd64.digest]);
  });

  it('with an index.json that is cut short is left as it is', async () => {
    const directory = await target();
    mkdirSync(directory);
    writeFileSync(`${directory}/index.json`, '{"schemaVersion":2,"manif');
    await expect(exported(signedImages(), ['team/app:v1'], { target: directory, profile: 'docker' })).rejects.toThrow(
      'cannot be read',
    );
    await expect(exported(signedImages(), ['team/app:v1'], { target: directory })).rejects.toThrow();
    expect(readFileSync(`${directory}/index.json`, 'utf8')).toBe('{"schemaVersion":2,"manif');
    expect(readdirSync(directory)).toEqual(['index.json']);
  });

  it('that a server begins to serve meanwhile keeps what the server wrote', async () => {
    const directory = await target();
    const serving = () => {
      mkdirSync(`${directory}/.moorage/journal`, { recursive: true });
      writeFileSync(`${directory}/.moorage/id`, 'of a server');
    };
    await exported(signedImages(), ['team/app:v1'], {
      target: directory,
      progress: { ...noProgress, manifestFinished: serving },
    });
    expect(readdirSync(`${directory}/.moorage`)).toEqual(expect.arrayContaining(['id', 'journal']));
    expect(readdirSync(`${directory}/.moorage`)).not.toContain('export');
  });

  it('that is served keeps its work directory', async () => {
    const directory = await target();
    mkdirSync(`${directory}/.moorage/journal`, { recursive: true });
    writeFileSync(`${directory}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
    await exported(signedImages(), ['team/app:v1'], { target: directory });
    expect(readdirSync(directory)).toContain('.moorage');
  });
});
