// What is on this machine's disk, for whoever reads what a person wrote.
import { archiveNamed } from '../mounts/archives-below.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import type { Surroundings } from './source-reference.ts';

export interface AskedFrom {
  /** HOME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRootGiven: boolean;
}

export function surroundingsOnDisk({ environment, isRootGiven }: AskedFrom): Surroundings {
  return { lookAt: pathKindIfAny, archiveNamed, home: environment.HOME, isRootGiven };
}
