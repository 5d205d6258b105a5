// One line about each tag.
import { describe, expect, it } from 'vitest';
import { parseRepositoryName, parseTag } from '../../../src/oci/reference.ts';
import { summarizeTags } from '../../../src/transfer/image-summary.ts';
import { artifactManifest, blobOf, configType, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { MemorySource } from '../../support/memory-source.ts';

const app = parseRepositoryName('team/app');

const config = (architecture: string, created?: string) =>
  blobOf(JSON.stringify({ os: 'linux', architecture, created }), configType);
const amd64 = imageManifest({ config: config('amd64'), layers: [blobOf('one')] });
const arm64 = imageManifest({
  config: config('arm64', '2026-01-02T03:04:05Z'),
  layers: [blobOf('one'), blobOf('two')],
});
const index = imageIndex({ manifests: [amd64, arm64] });
const chart = imageManifest({ config: blobOf('{}', 'application/vnd.cncf.helm.config.v1+json') });

describe('summarizeTags', () => {
  it('tells what each tag is', async () => {
    const source = new MemorySource()
      .addImage(app, amd64, 'amd')
      .addImage(app, arm64)
      .addManifest(app, index, 'multi', 'again')
      .addImage(app, chart, 'chart')
      .addImage(app, referrerOf(amd64, 'application/sbom'), 'sbom')
      .addManifest(app, artifactManifest([]), 'old');
    const tags = ['amd', 'multi', 'again', 'chart', 'sbom', 'old', 'gone'].map(parseTag);
    const found = await summarizeTags(source, app, tags);
    expect(found.map(({ tag, image }) => [tag, image?.type, image?.platforms, image?.created, image?.missing])).toEqual(
      [
        ['amd', 'image', ['linux/amd64'], undefined, 0],
        ['multi', 'index', ['linux/amd64', 'linux/arm64'], '2026-01-02T03:04:05Z', 0],
        ['again', 'index', ['linux/amd64', 'linux/arm64'], '2026-01-02T03:04:05Z', 0],
        ['chart', 'artifact', [], undefined, 0],
        ['sbom', 'artifact', [], undefined, 0],
        ['old', 'artifact', [], undefined, 0],
        ['gone', undefined, undefined, undefined, undefined],
      ],
    );
    expect(found[3]?.image?.artifactType).toBe('application/vnd.cncf.helm.config.v1+json');
    for (const at of [4, 5]) expect(found[at]?.image?.artifactType).toBe('application/sbom');
    const sizes = [amd64.config, arm64.config, blobOf('one'), blobOf('two')].map(({ bytes }) => bytes.byteLength);
    expect(found[1]?.image?.contentSize).toBe(sizes.reduce((sum, size) => sum + size));
    // The config of each image was read once, however many tags it has.
    expect(source.reads.filter(({ digest }) => digest === arm64.config.digest)).toHaveLength(1);
  });

  it('counts the platforms that are not there', async () => {
    const source = new MemorySource().addManifest(app, index, 'v1').addImage(app, amd64);
    const [found] = await summarizeTags(source, app, [parseTag('v1')]);
    expect(found?.image).toMatchObject({ platforms: ['linux/amd64'], missing: 1 });
  });
});
