// Two images side by side in a real browser: from a tag's history, from two tags that were chosen, and with files that strangers named.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry, type EmbeddedRegistry } from '../../src/index.ts';
import { type TarMember, tarOf } from '../unit/storage/archive/tar-writer.ts';
import { closeBrowser, look, noBrowser, shown } from './browser.ts';
import { pushImage } from './pushed-content.ts';

const markup = '<img src=x onerror=document.title=1>';

let registry: EmbeddedRegistry;
let url: string;

const layerOf = (...members: TarMember[]) => Buffer.from(gzipSync(tarOf(...members)));
const file = (path: string, size: number): TarMember => ({ path, content: 'x'.repeat(size) });

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  registry = await createRegistry();
  ({ url } = await registry.listen());
  const base = layerOf(file('etc/os-release', 300), file('usr/bin/env', 40_000));
  const one = layerOf(file('app/server.js', 4_000), file('app/old.js', 900), file('app/config.json', 100));
  const link = { path: 'app/current', type: '2', linkPath: 'server.js' };
  const two = layerOf(file('app/server.js', 5_200), file('app/config.json', 100), link, file(`app/${markup}`, 10));
  await pushImage(url, 'team/app', 'v1', { layers: [base, one], note: 'first' });
  await pushImage(url, 'team/app', 'v2', { layers: [base, two], note: markup });
  await pushImage(url, 'team/app', 'latest', { layers: [base, one], note: 'first' });
  await pushImage(url, 'team/app', 'latest', { layers: [base, two], note: markup });
  await pushImage(url, 'team/app', 'random', { layers: [base, 2_000], note: 'random' });
}, 60_000);

afterAll(async () => {
  await closeBrowser();
  await registry?.close();
});

describe.skipIf(noBrowser !== undefined)(`comparing${noBrowser === undefined ? '' : `: ${noBrowser}`}`, () => {
  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)('shows what differs, in %s, %i pixels wide', async (colorScheme, width) => {
    const { page, problems } = await look(`${url}/#/compare/team/app?from=v1&to=v2`, { width, colorScheme });
    await page.getByRole('rowheader', { name: 'app/server.js' }).waitFor();
    await page.getByRole('rowheader', { name: 'app/current' }).waitFor();
    await page.getByText('RUN make first').first().waitFor();
    await page.getByRole('rowheader', { name: 'NOTE', exact: true }).waitFor();
    expect(await page.title()).toBe('Compare v1 with v2 · moorage');
    await shown(page, problems, `compare-${colorScheme}-${width}`);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  });

  it('is reached from two tags that are chosen, by the keyboard', async () => {
    const { page, problems } = await look(`${url}/#/repository/team/app`);
    for (const tag of ['random', 'v1', 'v2']) {
      await page.getByRole('checkbox', { name: `Choose ${tag} to compare` }).focus();
      await page.keyboard.press('Space');
    }
    // The one that was chosen first is let go.
    expect(await page.getByRole('checkbox', { name: 'Choose random to compare' }).isChecked()).toBe(false);
    await shown(page, problems, 'chosen');
    await page.getByRole('link', { name: 'Compare v1 with v2' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'team/app:v1 and v2' }).waitFor();
    await page.getByRole('button', { name: '1 changed' }).click();
    await expect.poll(() => page.getByRole('table').last().getByRole('rowheader').count()).toBe(1);
    await page.getByRole('link', { name: 'The other way round' }).click();
    await page.getByRole('heading', { level: 1, name: 'team/app:v2 and v1' }).waitFor();
  });

  it('is reached from each move of a tag', async () => {
    const { page } = await look(`${url}/#/history/team/app:latest`);
    await page.getByRole('link', { name: /^Compare sha256/ }).click();
    await page.getByRole('rowheader', { name: 'app/old.js' }).waitFor();
  });

  it('runs no name of a file, and says which layer cannot be read', async () => {
    const { page, problems } = await look(`${url}/#/compare/team/app?from=random&to=v2`);
    await page.getByRole('rowheader', { name: `app/${markup}` }).waitFor();
    await page.getByText(/of the first one was not read: it is no tar/).waitFor();
    expect(await page.locator('#page img, #page script').count()).toBe(0);
    expect(await page.title()).toBe('Compare random with v2 · moorage');
    expect(problems).toEqual([]);
  });

  it('says what is not there', async () => {
    const { page } = await look(`${url}/#/compare/team/app?from=v1&to=v9`);
    await page.getByRole('alert').getByText('manifest unknown to registry: of "to"').waitFor();
  });
});
