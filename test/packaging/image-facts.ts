// What packaging/container/Containerfile says, which all that runs the image has to agree with.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory } from '../structure/source-files.ts';

export const packaging = join(projectDirectory, 'packaging');

const containerfile = readFileSync(join(packaging, 'container/Containerfile'), 'utf8');

function instruction(pattern: RegExp): string {
  const found = pattern.exec(containerfile)?.[1];
  if (found === undefined) throw new Error(`the Containerfile has no ${pattern.source}`);
  return found;
}

export const image = {
  user: Number(instruction(/^USER (\d+):\d+$/m)),
  port: Number(instruction(/^EXPOSE (\d+)$/m)),
  volume: instruction(/^VOLUME (\S+)$/m),
  root: instruction(/MOORAGE_STORAGE_ROOT=(\S+)/),
};
