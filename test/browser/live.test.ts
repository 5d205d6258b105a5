// What happens while the page is open, in a real browser: it is shown without a reload.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistry, type EmbeddedRegistry } from '../../src/index.ts';
import { closeBrowser, look, noBrowser } from './browser.ts';
import { push } from './pushed-content.ts';

const empty = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };
const other = { ...empty, annotations: { other: 'image' } };

let registry: EmbeddedRegistry;
let url: string;

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  registry = await createRegistry();
  ({ url } = await registry.listen());
  for (let at = 0; at < 60; at += 1) await push(url, `r${String(at).padStart(2, '0')}`, 'v1', empty);
}, 60_000);

afterAll(async () => {
  await closeBrowser();
  await registry?.close();
});

/** The page listens by now. */
async function lookListening(path: string) {
  const looked = await look(`${url}${path}`);
  const listening = looked.page.waitForResponse(/\/api\/events$/);
  await looked.page.reload();
  await listening;
  await looked.page.getByRole('table').first().waitFor();
  return looked;
}

describe.skipIf(noBrowser !== undefined)(`what happens${noBrowser === undefined ? '' : `: ${noBrowser}`}`, () => {
  it('to a repository is shown at once, and of another one nothing', async () => {
    const { page, problems } = await lookListening('/#/repository/r00');
    const tags = () => page.getByRole('rowheader').allTextContents();
    await expect.poll(tags).toEqual(['v1']);
    await push(url, 'r00', 'v2', other);
    await expect.poll(tags).toEqual(['v1', 'v2']);
    let asked = 0;
    page.on('request', () => {
      asked += 1;
    });
    await push(url, 'r01', 'v2', other);
    await fetch(`${url}/v2/r00/manifests/v1`, { method: 'DELETE' });
    await expect.poll(tags).toEqual(['v2']);
    expect(asked).toBeLessThanOrEqual(2);
    expect(problems).toEqual([]);
  });

  it('to a tag is shown in its history', async () => {
    const { page } = await lookListening('/#/history/r02:v1');
    const moves = page.getByRole('table').getByRole('row');
    await expect.poll(() => moves.count()).toBe(2);
    await push(url, 'r02', 'v1', other);
    await expect.poll(() => moves.count()).toBe(3);
  });

  it('to a list of several pages is told, and shown when somebody says so', async () => {
    const { page } = await lookListening('/');
    await page.getByRole('button', { name: 'More' }).click();
    const names = () => page.getByRole('rowheader').count();
    await expect.poll(names).toBe(60);
    await push(url, 'a-new-one', 'v1', empty);
    const show = page.getByRole('status').getByRole('button', { name: 'Show it' });
    await show.waitFor();
    expect(await names()).toBe(60);
    await show.click();
    await page.getByRole('rowheader', { name: 'a-new-one' }).waitFor();
    await expect.poll(() => show.count()).toBe(0);
  });
});
