// A real browser that looks at a real server, for one test file. Skipped where there is none, unless one is required.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executable = process.env.MOORAGE_CHROMIUM ?? places.find((path) => existsSync(path));

/** Why nothing is tested here; undefined where it is. */
export const noBrowser =
  executable !== undefined || process.env.MOORAGE_BROWSER === 'required'
    ? undefined
    : 'there is no chromium (apt-get install chromium)';

let browser: Promise<Browser> | undefined;

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

export interface OpenOptions {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export interface LookedAt {
  readonly page: Page;
  /** What went wrong in it, and what it asked of other hosts: nothing, if all is well. */
  readonly problems: string[];
}

/** Opens an address with nothing of earlier ones. */
export async function look(url: string, { width = 1280, colorScheme = 'light' }: OpenOptions = {}): Promise<LookedAt> {
  browser ??= chromium.launch({ executablePath: executable ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const context = await (await browser).newContext({ viewport: { width, height: 900 }, colorScheme });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    // The browser says so of each answer of 401 and 404.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) problems.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe finds that keeps somebody from using the page. */
export async function violationsOn(page: Page): Promise<readonly string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(readFileSync(axe, 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as { readonly violations: readonly Violation[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** Nothing that axe finds, no error, no other host; and a picture where somebody wants one. */
export async function shown(page: Page, problems: readonly string[], name: string): Promise<void> {
  expect(await violationsOn(page)).toEqual([]);
  expect(problems).toEqual([]);
  const pictures = process.env.MOORAGE_SCREENSHOTS;
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
