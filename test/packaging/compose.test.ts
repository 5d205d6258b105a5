// packaging/compose/compose.yaml agrees with the image, and with the settings.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readEnvironment } from '../../src/config/environment.ts';
import { defaultSettings } from '../../src/config/load.ts';
import { parseDuration } from '../../src/config/units.ts';
import { image, packaging } from './image-facts.ts';

it('packaging/compose builds what is there, publishes the port of the image to this machine, and writes to its volume alone', () => {
  const directory = join(packaging, 'compose');
  const { services, volumes } = parse(readFileSync(join(directory, 'compose.yaml'), 'utf8'));
  const { registry } = services;
  expect(existsSync(join(directory, registry.build.context, registry.build.dockerfile))).toBe(true);
  expect(readEnvironment(registry.environment).problems).toEqual([]);
  expect(registry.ports).toEqual([`127.0.0.1:${image.port}:${image.port}`]);
  const [[volume, path]] = registry.volumes.map((each: string) => each.split(':'));
  expect({ path, isThere: volume in volumes }).toEqual({ path: image.volume, isThere: true });
  expect(registry).toMatchObject({ read_only: true, cap_drop: ['ALL'], tmpfs: ['/tmp'] });
  expect(parseDuration(registry.stop_grace_period)).toBeGreaterThan(defaultSettings().server.shutdownTimeout);
});
