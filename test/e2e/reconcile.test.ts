// `moorage reconcile` as a user runs it, where nothing can be written: what it says is what was done.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { imageManifest } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

describe('moorage reconcile of an archive', () => {
  it('says what would be done, that nothing was, and fails', async () => {
    const directory = await scratchDirectory();
    writeLayout(join(directory, 'other'), 'recorded/oras/referrers-attached');
    execFileSync('tar', ['-C', join(directory, 'other'), '-cf', join(directory, 'other.tar'), '.']);
    const { code, stdout } = await runMoorage(['reconcile', 'other.tar'], { directory });
    expect(stdout).toMatch(/^other: would write the referrers response sha256:/m);
    expect(stdout).toMatch(/^other: it cannot be written to; nothing was changed$/m);
    expect(stdout).toMatch(/^0 changes in 0 of 1 layout; 1 could not be reconciled$/m);
    expect(stdout).not.toMatch(/: (?:wrote|marked|listed) /);
    expect(code).toBe(1);
  });
});

describe('moorage reconcile --from-journal', () => {
  it('lists again what another program took off the list, by the name of the repository or by its directory', async () => {
    const directory = await scratchDirectory();
    const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory });
    const { url } = await server.ready();
    const index = join(directory, 'registry/team/app/index.json');
    const push = async (tag: string) => {
      const { bytes, descriptor } = imageManifest({ annotations: { tag } });
      const headers = { 'Content-Type': descriptor.mediaType };
      const body = new Uint8Array(bytes);
      const answer = await fetch(`${url}/v2/team/app/manifests/${tag}`, { method: 'PUT', headers, body });
      expect(answer.status).toBe(201);
    };
    for (const tag of ['v1', 'v2', 'v3']) await push(tag);
    await sleep(2_500);
    const lines = readFileSync(index, 'utf8').split('\n');
    writeFileSync(index, lines.filter((line) => !line.includes('"v1"')).join('\n'));
    await expect.poll(() => readFileSync(index, 'utf8').includes('"v1"'), { timeout: 60_000 }).toBe(false);
    await push('v4');
    server.signal('SIGTERM');
    await server.exited;
    const inspected = await runMoorage(['inspect', 'registry'], { directory });
    expect(inspected.stdout).toContain('taken-off-the-list');
    const dry = await runMoorage(['reconcile', 'team/app', '--root', 'registry', '--from-journal', '--dry-run'], {
      directory,
    });
    expect(dry.stdout).toMatch(/^team\/app: would list again sha256:\w+: v1, taken off the list by another program/m);
    expect(readFileSync(index, 'utf8')).not.toContain('"v1"');
    const done = await runMoorage(['reconcile', 'registry/team/app', '--from-journal'], { directory });
    expect(done.stdout).toMatch(/^team\/app: listed again sha256:/m);
    expect(done.code).toBe(0);
    expect(readFileSync(index, 'utf8')).toContain('"v1"');
    const again = await runMoorage(['reconcile', 'team/app', '--root', 'registry', '--from-journal'], { directory });
    expect(again.stdout).toMatch(/^nothing to do/);
  });
});
