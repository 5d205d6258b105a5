// What is on this machine's disk, for whoever reads what a person wrote.
import { archiveNamed } from '../mounts/archives-below.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import type { Surroundings } from './source-reference.ts';

export function surroundingsOnDisk({ HOME: home }: Readonly<Record<string, string | undefined>>): Surroundings {
  return { lookAt: pathKindIfAny, archiveNamed, home };
}
