// An app over a registry in a directory that goes away with the test.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { silentLog } from '../../support/silent-log.ts';
import { type RegistryApp, type RegistryAppOptions, registryApp } from './registry-app.ts';

export interface DiskApp extends RegistryApp {
  readonly directory: string;
}

export async function diskApp(options: RegistryAppOptions = {}): Promise<DiskApp> {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-http-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const store = await openFilesystemStore(directory, { log: silentLog });
  return { ...registryApp({ ...options, store }), directory };
}
