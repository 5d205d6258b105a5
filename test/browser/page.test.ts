// The web page in a real browser: every view, what may be done in it, with the keyboard, in a narrow window, and with content that strangers wrote.
// With MOORAGE_SCREENSHOTS=DIR the views are kept as pictures.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry, type EmbeddedRegistry } from '../../src/index.ts';
import { closeBrowser, look, noBrowser, shown } from './browser.ts';
import { blob, type Pushed, push, pushBlob, pushImage } from './pushed-content.ts';

const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

let registry: EmbeddedRegistry;
let url: string;
let first: Pushed;
let second: Pushed;

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  registry = await createRegistry();
  ({ url } = await registry.listen());
  first = await pushImage(url, 'team/app', 'v1', { layers: [3_000_000, 400_000, 20_000], note: 'first' });
  second = await pushImage(url, 'team/app', 'v1', { layers: [3_000_000, 500_000], note: 'second' });
  await pushImage(url, 'team/app', 'v2', { layers: [3_000_000], note: markup });
  await pushImage(url, 'library/base', 'latest', { layers: [3_000_000], note: 'base' });
  const platforms = [first, second].map(({ descriptor }, at) => ({
    ...descriptor,
    platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' },
  }));
  await push(url, 'team/app', 'multi', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: platforms,
  });
  const packages = [{ name: markup, versionInfo: '1.0', licenseConcluded: 'MIT' }];
  await attach('application/spdx+json', JSON.stringify({ spdxVersion: 'SPDX-2.3', name: 'app', packages }));
}, 60_000);

afterAll(async () => {
  await closeBrowser();
  await registry?.close();
});

/** To what `v1` means now. */
async function attach(artifactType: string, text: string): Promise<void> {
  const config = await pushBlob(url, 'team/app', blob('application/vnd.oci.empty.v1+json', '{}'));
  const layer = await pushBlob(url, 'team/app', blob(artifactType, text));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType,
    config,
    layers: [layer],
  };
  await push(url, 'team/app', undefined, { ...manifest, subject: second.descriptor });
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();

describe.skipIf(noBrowser !== undefined)(`the page${noBrowser === undefined ? '' : `: ${noBrowser}`}`, () => {
  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)('shows every view, in %s, %i pixels wide', async (colorScheme, width) => {
    const { page, problems } = await look(url, { width, colorScheme });
    const look1 = async (name: string) => {
      await shown(page, problems, `${name}-${colorScheme}-${width}`);
      // Nothing is cut off to the right: what is wide scrolls by itself.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    };
    await page.getByRole('rowheader', { name: 'team/app' }).waitFor();
    await page.getByText('MiB').first().waitFor();
    await look1('repositories');
    await page.getByRole('link', { name: 'team/app' }).click();
    await page.getByRole('rowheader', { name: 'v2' }).waitFor();
    await page.getByRole('heading', { name: 'Directory' }).waitFor();
    await expect.poll(() => page.locator('.waiting').count()).toBe(0);
    await look1('repository');
    await page.getByRole('link', { name: 'v1', exact: true }).click();
    await page.getByText('RUN make second').first().waitFor();
    await page.getByText('application/spdx+json').first().waitFor();
    await look1('image');
    await page.goto(`${url}/#/image/team/app:multi`);
    await page.getByRole('button', { name: /linux\/arm64/ }).click();
    await page.getByText('RUN make second').first().waitFor();
    await look1('index');
    await page.goto(`${url}/#/history/team/app:v1`);
    await page.getByRole('button', { name: /Go back/ }).waitFor();
    await look1('history');
    await page.goto(`${url}/#/disk`);
    await page.getByText('Saved by sharing').waitFor();
    await look1('disk');
  });

  it('finds repositories and tags while one types', async () => {
    const { page, problems } = await look(url);
    await page.getByRole('searchbox').fill('base');
    await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(['library/base']);
    expect(page.url()).toBe(`${url}/#/find/base`);
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    await page.goto(`${url}/#/repository/team/app`);
    await page.getByRole('searchbox').fill('mul');
    await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(['multi']);
    expect(problems).toEqual([]);
  });

  it('runs nothing that somebody pushed, and shows it as text', async () => {
    const { page, problems } = await look(`${url}/#/image/team/app:v2`);
    await page.getByText(`RUN make ${markup}`).waitFor();
    await page.getByText(markup, { exact: true }).first().waitFor();
    await page.goto(`${url}/#/image/team/app:v1`);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('1 package').click();
    await page.getByRole('rowheader', { name: markup }).waitFor();
    expect(await page.title()).toBe('team/app:v1 · moorage');
    expect(await page.locator('#page img, #page script').count()).toBe(0);
    await shown(page, problems, 'packages');
  });

  it('goes back to what a tag meant, and takes a tag away, when one says so twice', async () => {
    await pushImage(url, 'team/moved', 'v1', { layers: [1_000], note: 'old' });
    const { digest } = await pushImage(url, 'team/moved', 'v1', { layers: [1_000], note: 'new' });
    const digestNow = async () =>
      (await fetch(`${url}/v2/team/moved/manifests/v1`, { headers: { accept: '*/*' } })).headers.get(
        'docker-content-digest',
      );
    const { page, problems } = await look(`${url}/#/history/team/moved:v1`);
    await page.getByRole('button', { name: /Go back/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await digestNow()).toBe(digest);
    await page.getByRole('button', { name: /Go back/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
    await page.getByText('put back').waitFor();
    expect(await digestNow()).not.toBe(digest);
    await page.goto(`${url}/#/repository/team/moved`);
    await page.getByRole('button', { name: 'Delete team/moved:v1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No tag.').waitFor();
    expect(await digestNow()).toBeNull();
    expect(problems).toEqual([]);
  });

  it('is used by the keyboard alone', async () => {
    const { page } = await look(url);
    await page.getByRole('rowheader', { name: 'team/app' }).waitFor();
    const focused = () => page.evaluate('document.activeElement.textContent.trim()');
    await page.keyboard.press('Tab');
    for (let at = 0; at < 40 && (await focused()) !== 'team/app'; at += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'team/app');
    await expect.poll(focused).toBe('team/app');
  });

  it('says what is not there, and where nothing is', async () => {
    const { page } = await look(`${url}/#/repository/team/nobody`);
    await page.getByRole('alert').getByText('repository name not known').waitFor();
    const empty = await createRegistry();
    const at = await empty.listen();
    const { page: other, problems } = await look(at.url);
    await other.getByText('docker push').waitFor();
    await shown(other, problems, 'empty');
    await empty.close();
  });
});
