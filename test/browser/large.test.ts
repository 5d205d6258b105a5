// What is too large for a page: a list of packages of 50 MB, a manifest of 4 MB, annotations of megabytes. The page says so, and is used as before.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry, type EmbeddedRegistry } from '../../src/index.ts';
import { closeBrowser, look, noBrowser, shown } from './browser.ts';
import { blob, push, pushBlob, pushImage } from './pushed-content.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const listBytes = 50_000_000;

let registry: EmbeddedRegistry;
let url: string;

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  registry = await createRegistry();
  ({ url } = await registry.listen());
  const { descriptor: subject } = await pushImage(url, 'team/app', 'v1', { layers: [1_000], note: 'large' });
  const config = await pushBlob(url, 'team/app', blob('application/vnd.oci.empty.v1+json', '{}'));
  const list = await pushBlob(url, 'team/app', blob('application/spdx+json', Buffer.alloc(listBytes, ' ')));
  const common = { schemaVersion: 2, mediaType: manifestType, config };
  await push(url, 'team/app', undefined, { ...common, artifactType: list.mediaType, layers: [list], subject });
  const [layer] = [await pushBlob(url, 'team/app', blob('application/vnd.oci.image.layer.v1.tar', 'x'))];
  const annotations = { long: 'y'.repeat(1_000_000) };
  await push(url, 'team/app', 'layers', {
    ...common,
    layers: Array.from({ length: 20_000 }, () => layer),
    annotations,
  });
}, 120_000);

afterAll(async () => {
  await closeBrowser();
  await registry?.close();
});

describe.skipIf(noBrowser !== undefined)(`large content${noBrowser === undefined ? '' : `: ${noBrowser}`}`, () => {
  it('is not loaded into the page, and can be saved', async () => {
    const { page, problems } = await look(`${url}/#/image/team/app:v1`);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByText('are too much to be shown here').waitFor();
    await shown(page, problems, 'too-large');
    expect(asked.filter((each) => each.includes('/blobs/')).length).toBeLessThanOrEqual(1);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toMatch(/^sha256-[0-9a-f]{64}/);
    await (await download).cancel();
  });

  it('of twenty thousand layers shows the first, and how many there are', async () => {
    const { page, problems } = await look(`${url}/#/image/team/app:layers`);
    await page.getByText('19,500 more layers not shown.').waitFor();
    await page.getByText('and 990,000 characters').waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(600);
    await page.goto(`${url}/#/compare/team/app?from=v1&to=layers`);
    await page.getByText('19,001 more layers not shown.').waitFor();
    await page.getByRole('heading', { name: 'Files' }).waitFor();
    expect(problems).toEqual([]);
  });
});
