// Lists that come a page at a time, in a real browser: what comes late, what fails, and how often is asked while somebody types.
import type { Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry, type EmbeddedRegistry } from '../../src/index.ts';
import { closeBrowser, look, noBrowser } from './browser.ts';
import { push } from './pushed-content.ts';

const empty = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };

let registry: EmbeddedRegistry;
let url: string;

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  registry = await createRegistry();
  ({ url } = await registry.listen());
  for (let at = 0; at < 120; at += 1) await push(url, `r${String(at).padStart(3, '0')}`, 'v1', empty);
}, 60_000);

afterAll(async () => {
  await closeBrowser();
  await registry?.close();
});

const names = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `r${String(from + at).padStart(3, '0')}`);

describe.skipIf(noBrowser !== undefined)(`lists${noBrowser === undefined ? '' : `: ${noBrowser}`}`, () => {
  it('go on page by page to their end', async () => {
    const { page, problems } = await look(url);
    const shown = () => page.getByRole('rowheader').allTextContents();
    await expect.poll(shown).toEqual(names(0, 50));
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(shown).toEqual(names(0, 100));
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(shown).toEqual(names(0, 120));
    expect(await page.getByRole('button', { name: 'More' }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('ask once however often More is pressed, and show nothing of it once something else is searched for', async () => {
    const { page, problems } = await look(url);
    const held: Route[] = [];
    await page.route(/\/api\/repositories\?last=/, (route) => void held.push(route));
    const more = page.getByRole('button', { name: 'More' });
    await more.click();
    await expect.poll(() => held.length).toBe(1);
    expect(await more.isDisabled()).toBe(true);
    await page.getByRole('searchbox').fill('r11');
    const found = names(110, 120);
    await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(found);
    const answered = page.waitForResponse(/last=/);
    for (const route of held) await route.continue();
    await (await answered).finished();
    // A turn of the page for what came too late.
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
    expect(await page.getByRole('rowheader').allTextContents()).toEqual(found);
    expect(held.length).toBe(1);
    expect(problems).toEqual([]);
  });

  it('keep what is here when the next page fails, and try again', async () => {
    const { page } = await look(url);
    let failures = 1;
    await page.route(/\/api\/repositories\?last=/, (route) => {
      if (failures === 0) return route.continue();
      failures -= 1;
      return route.fulfill({ status: 503, json: { errors: [{ code: 'UNAVAILABLE', message: 'busy for now' }] } });
    });
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('alert').getByText('busy for now').waitFor();
    expect(await page.getByRole('rowheader').allTextContents()).toEqual(names(0, 50));
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(names(0, 100));
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('ask once for what is typed without a rest', async () => {
    const { page } = await look(url);
    await page.getByRole('rowheader', { name: 'r000' }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => {
      const { searchParams, pathname } = new URL(request.url());
      if (pathname === '/api/repositories') asked.push(searchParams.get('q') ?? '');
    });
    // In one turn of the page, as fast as nobody types: how slow this machine is does not matter.
    await page.evaluate(`(() => {
      const field = document.querySelector('input[type=search]');
      for (const text of ['r', 'r0', 'r07', 'r077']) {
        field.value = text;
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    })()`);
    await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(['r077']);
    expect(asked).toEqual(['r077']);
  });
});
