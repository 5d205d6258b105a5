// An import follows the rules that the settings give, as a push to the server would.

import { readFileSync } from 'node:fs';
import { beforeEach, expect, it, vi } from 'vitest';
import { runImport } from '../../../src/cli/import.ts';
import { openOptions } from '../../../src/cli/open-options.ts';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import { amd64, exported, signature, signedImages } from '../../support/exports.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => vi.restoreAllMocks();
});

it.each([
  ['always', true],
  ['never', false],
])('a referrers tag is made where layouts.referrersTag is %s: %s', async (rule, isMade) => {
  const directory = await temporaryDirectory();
  const environment = { HOME: directory, MOORAGE_LAYOUTS_REFERRERS_TAG: rule };
  await exported(signedImages(), ['team/app:v1'], { target: `${directory}/app.tar` });
  const options = await openOptions({ root: `${directory}/root` }, environment);
  const request = { ...options, environment, referrers: true, json: false, config: undefined };
  expect(await runImport(`${directory}/app.tar`, 'app', request)).toBe(0);
  const index = readFileSync(`${directory}/root/app/index.json`, 'utf8');
  expect(index).toContain(signature.digest);
  expect(index.includes(referrersTagOf(amd64.digest))).toBe(isMade);
});
