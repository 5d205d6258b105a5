// A file that several processes of one server read, and tell each other of, as tests see it.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadFile, ReadSharing } from '../../src/storage/filesystem/read-sharing.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface SharedFile {
  readonly path: string;
  /** As an operator's editor does it: another file takes its place. */
  write(text: string): Promise<void>;
  /** Of one more process. */
  sharing(): ReadSharing;
}

export async function sharedFile(name: string, text: string): Promise<SharedFile> {
  const path = join(await temporaryDirectory(), name);
  const listeners: ((read: ReadFile) => void)[] = [];
  const write = async (changed: string) => {
    // The clock of a file system has coarse steps.
    await sleep(20);
    writeFileSync(`${path}.draft`, changed);
    renameSync(`${path}.draft`, path);
  };
  await write(text);
  const sharing = () => ({
    tell: (read: ReadFile) => listeners.forEach((listener) => void listener(read)),
    listen: (listener: (read: ReadFile) => void) => void listeners.push(listener),
  });
  return { path, write, sharing };
}
