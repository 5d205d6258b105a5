// packaging/systemd, judged by systemd-analyze, and held against the settings.
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { defaultSettings } from '../../src/config/load.ts';
import { parseDuration } from '../../src/config/units.ts';
import { scratchDirectory } from '../e2e/moorage-process.ts';
import { packaging } from './image-facts.ts';
import { toolOf } from './tools.ts';

const analyze = toolOf('systemd-analyze', 'Debian: systemd');
const service = readFileSync(join(packaging, 'systemd/moorage.service'), 'utf8');
const socket = readFileSync(join(packaging, 'systemd/moorage.socket'), 'utf8');

const valuesOf = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

/** With a program that is there: moorage is not installed where it is tested. */
async function installed(): Promise<string> {
  const directory = await scratchDirectory();
  const path = join(directory, 'moorage.service');
  await writeFile(path, service.replace('ExecStart=moorage', `ExecStart=${process.execPath}`));
  await copyFile(join(packaging, 'systemd/moorage.socket'), join(directory, 'moorage.socket'));
  return path;
}

describe.skipIf(analyze.isSkipped)(`packaging/systemd${analyze.missing}`, () => {
  it('has nothing that systemd does not know', async () => {
    const path = await installed();
    await analyze.run(['verify', path, path.replace('.service', '.socket')]);
  });

  it('leaves little to a server that was taken over', async () => {
    // Tenths, of a scale on which 10 is a service without any limit.
    await analyze.run(['security', '--offline=true', '--threshold=20', await installed()]);
  });
});

describe('packaging/systemd', () => {
  it('sets what is a setting', () => {
    const variables = valuesOf(service, 'Environment').map((line) => line.split('='));
    const ours = variables.filter(([name]) => name?.startsWith('MOORAGE_'));
    expect(ours.length).toBeGreaterThan(1);
    expect(readEnvironment(Object.fromEntries(ours)).problems).toEqual([]);
  });

  it('listens, with the socket and without it, where the server says that it does', () => {
    expect(valuesOf(service, 'Environment')).toContain(
      `MOORAGE_SERVER_LISTEN=${valuesOf(socket, 'ListenStream').join()}`,
    );
  });

  it('waits for running requests', () => {
    const [timeout = ''] = valuesOf(service, 'TimeoutStopSec');
    expect(parseDuration(timeout)).toBeGreaterThan(defaultSettings().server.shutdownTimeout);
  });
});
