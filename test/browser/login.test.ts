// The web page of a registry that asks who is looking.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runShell, scratchDirectory, startMoorage } from '../e2e/moorage-process.ts';
import { closeBrowser, look, noBrowser, violationsOn } from './browser.ts';

afterAll(closeBrowser);

const configuration = `
auth:
  htpasswd: users
access:
  - { repositories: "team/**", who: anna, may: [pull, push] }
  - { repositories: "secret/**", who: bert, may: [pull] }
`;

async function guardedServer(): Promise<string> {
  const directory = await scratchDirectory();
  await writeFile(join(directory, 'moorage.yaml'), configuration);
  for (const name of ['anna', 'bert']) {
    const added = await runShell(`printf 'ünsafe\\n' | moorage user add ${name} --password-stdin --file users`, {
      directory,
    });
    expect(added).toMatchObject({ code: 0 });
  }
  const args = ['serve', '--root', 'registry', '--listen', '127.0.0.1:0', '--config', 'moorage.yaml'];
  return (await (await startMoorage(args, { directory })).ready()).url;
}

async function pushTo(url: string, name: string): Promise<void> {
  const authorization = `Basic ${Buffer.from('anna:ünsafe').toString('base64')}`;
  const manifest = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };
  const headers = { authorization, 'content-type': manifest.mediaType };
  const answer = await fetch(`${url}/v2/${name}/manifests/v1`, {
    method: 'PUT',
    headers,
    body: JSON.stringify(manifest),
  });
  expect(answer.status).toBe(201);
}

describe.skipIf(noBrowser !== undefined)(`logging in${noBrowser === undefined ? '' : `: ${noBrowser}`}`, () => {
  it('shows nothing before it, and what is somebody’s after it', async () => {
    const url = await guardedServer();
    await pushTo(url, 'team/app');
    const { page, problems } = await look(url);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.getByText('team/app').count()).toBe(0);
    await page.getByLabel('User').fill('anna');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('password is another one').waitFor();
    await page.getByLabel('Password').fill('ünsafe');
    await page.keyboard.press('Enter');
    await page.getByRole('rowheader', { name: 'team/app' }).waitFor();
    await page.goto(`${url}/#/repository/team/app`);
    await page.getByRole('rowheader', { name: 'v1' }).waitFor();
    // She may push, and not delete.
    expect(await page.getByRole('button', { name: /Delete/ }).count()).toBe(0);
    await page.goto(`${url}/#/repository/secret/app`);
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(problems).toEqual([]);
  });
});
