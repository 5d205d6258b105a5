// What is on this machine's disk, for whoever reads what a person wrote.
import { join } from 'node:path';
import { archiveNamed } from '../mounts/archives-below.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import type { Surroundings } from './source-reference.ts';

export interface AskedFrom {
  /** HOME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The directory of the registry that names are looked for in. */
  readonly root: string;
  /** Somebody wrote --root. */
  readonly isRootGiven: boolean;
}

export function surroundingsOnDisk({ environment, root, isRootGiven }: AskedFrom): Surroundings {
  const isInRoot = isRootGiven ? (directory: string) => pathKindIfAny(join(root, directory)) !== 'absent' : undefined;
  return { lookAt: pathKindIfAny, archiveNamed, home: environment.HOME, isInRoot };
}
