// Prints what repositories take on the disk.
import type { Environment } from '../config/environment.ts';
import type { Settings } from '../config/schema.ts';
import { printableText } from '../oci/printable-text.ts';
import type { DiskUse } from '../registry/disk-use.ts';
import { isWithin, openPlace } from './command-registry.ts';
import { noRepository, repositoriesMeant, wholeRoot } from './meant-place.ts';
import { textTable } from './output-table.ts';
import { humanSize, jsonDocument, terminalColumns } from './output-text.ts';

export interface DuOptions {
  readonly json: boolean;
  readonly root: string;
  readonly isRootGiven: boolean;
  readonly settings: Settings;
  readonly environment: Environment;
}

interface Unclear {
  readonly repository: string;
  readonly why: string;
}

/** Returns the exit code. Throws what failureOf explains when a directory cannot be opened. */
export async function du(place: string | undefined, options: DuOptions): Promise<number> {
  const { json, root, settings, environment } = options;
  const meant = place === undefined ? wholeRoot(root) : repositoriesMeant(place, options);
  const { registry, within } = await openPlace(meant, { root, readOnly: true, settings, environment });
  try {
    const unclear: Unclear[] = [];
    const mounts = await registry.diskUse(
      (prefix) => isWithin(prefix, within),
      (repository, why) => unclear.push({ repository, why }),
    );
    if (within !== '' && mounts.every(({ repositories }) => repositories.length === 0)) {
      throw noRepository(place ?? '', root);
    }
    process.stdout.write(json ? jsonDocument({ mounts, unclear }) : textOf(mounts, unclear, place ?? root));
    return 0;
  } finally {
    await registry.close();
  }
}

function textOf(mounts: readonly DiskUse[], unclear: readonly Unclear[], place: string): string {
  const rows = mounts
    .flatMap(({ repositories }) => repositories)
    .map(({ repository, alone, shared, blobs }) => [
      repository === '' ? place : repository,
      humanSize(alone),
      humanSize(shared),
      String(blobs),
    ]);
  const columns = terminalColumns(process.stdout);
  const table = textTable(['REPOSITORY', 'ALONE', 'SHARED', 'BLOBS'], rows, { columns, flexible: [0] });
  const sum = (of: (use: DiskUse) => number) => humanSize(mounts.reduce((total, use) => total + of(use), 0));
  const lines = [
    `all repositories together: ${sum(({ total }) => total)}`,
    `only in the pool: ${sum(({ poolAlone }) => poolAlone)}`,
    `nothing leads to: ${sum(({ unreferenced }) => unreferenced)}`,
    `unfinished uploads: ${sum(({ uploads }) => uploads)}`,
    `quarantine: ${sum(({ quarantine }) => quarantine)}`,
    ...mounts.flatMap(({ room }) =>
      room === undefined ? [] : [`free on the disk: ${humanSize(room.free)} of ${humanSize(room.total)}`],
    ),
    ...unclear.map(
      ({ repository, why }) => `nobody can tell what ${repository === '' ? place : repository} needs: ${why}`,
    ),
  ];
  return `${table}\n${lines.map((line) => `${printableText(line)}\n`).join('')}`;
}
