// The files of two images, compared by the headers of their layers' tars. Layers that both have at the bottom are not read.
import type { DescriptorReference } from '../../oci/descriptor.ts';
import { printableText } from '../../oci/printable-text.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { ImageSource } from '../../transfer/image-source.ts';
import { type FileDifference, fileDifferences, type ReadTree } from './file-differences.ts';
import { layerEntries, UnreadLayerError } from './layer-entries.ts';
import { type FileFacts, type FileType, LayeredFiles } from './layered-files.ts';
import {
  BudgetSpentError,
  ReadingBudget,
  type ReadingLimit,
  type ReadingLimits,
  readingLimits,
} from './reading-budget.ts';

export type SideName = 'from' | 'to';

export interface ShownFile {
  readonly type: FileType;
  /** Bytes. */
  readonly size: number;
  /** Octal digits. */
  readonly mode?: string | undefined;
  /** What a link leads to, printable and cut. */
  readonly target?: string | undefined;
}

export interface ShownDifference {
  /** Printable and cut: strangers wrote it. */
  readonly path: string;
  readonly change: FileDifference['change'];
  /** Absent: it is. */
  readonly maybe?: true | undefined;
  readonly from?: ShownFile | undefined;
  readonly to?: ShownFile | undefined;
}

export interface UnreadLayer {
  readonly side: SideName;
  readonly digest: string;
  readonly why: string;
}

export interface ComparedFiles {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** The first of them. */
  readonly differences: readonly ShownDifference[];
  readonly omitted: number;
  readonly commonLayers: number;
  readonly unread: readonly UnreadLayer[];
  /** Which limit kept the rest from being read. */
  readonly cut?: ReadingLimit | undefined;
  readonly read: { readonly entries: number; readonly bytes: number; readonly unusable: number };
}

export interface ComparedSide {
  readonly name: RepositoryName;
  /** The lowest first, as a manifest lists them. */
  readonly layers: readonly DescriptorReference[];
}

export interface FileComparison {
  readonly source: ImageSource;
  readonly from: ComparedSide;
  readonly to: ComparedSide;
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly limits?: ReadingLimits;
}

const mostListed = 2_000;
/** Beyond the time for reading. */
const comparingMs = 5_000;
const mostUnreadListed = 100;
const longestText = 1_024;

interface ReadSide {
  readonly tree: ReadTree;
  readonly budget: ReadingBudget;
  readonly unread: readonly UnreadLayer[];
  readonly cut: ReadingLimit | undefined;
  readonly unusable: number;
}

/** What of it is wrong is told in the answer. Throws the signal's reason. */
export async function compareFiles(comparison: FileComparison): Promise<ComparedFiles> {
  const { from, to, signal, limits = readingLimits } = comparison;
  const common = commonLayers(from.layers, to.layers);
  const beganMs = performance.now();
  const sideOf = (side: SideName, untilMs: number) =>
    readSide(comparison, side, common, new ReadingBudget({ limits, untilMs, signal }));
  // What the first leaves of its time, the second has.
  const before = await sideOf('from', beganMs + limits.ms / 2);
  const after = await sideOf('to', beganMs + limits.ms);
  const counts = { added: 0, removed: 0, changed: 0 };
  const differences: ShownDifference[] = [];
  let isOutOfTime = false;
  // What was read in time is compared in time as well.
  const goesOn = () => {
    signal?.throwIfAborted();
    isOutOfTime ||= performance.now() > beganMs + limits.ms + comparingMs;
    return !isOutOfTime;
  };
  for await (const difference of fileDifferences(before.tree, after.tree, goesOn)) {
    counts[difference.change] += 1;
    if (differences.length < mostListed) differences.push(shown(difference));
  }
  return {
    ...counts,
    differences,
    omitted: counts.added + counts.removed + counts.changed - differences.length,
    commonLayers: common,
    unread: [...before.unread, ...after.unread].slice(0, mostUnreadListed),
    cut: before.cut ?? after.cut ?? (isOutOfTime ? 'time' : undefined),
    read: {
      entries: before.budget.entries + after.budget.entries,
      bytes: before.budget.bytes + after.budget.bytes,
      unusable: before.unusable + after.unusable,
    },
  };
}

/** How many both have at the bottom. */
export function commonLayers(from: readonly DescriptorReference[], to: readonly DescriptorReference[]): number {
  const differs = from.findIndex(({ digest }, at) => digest !== to[at]?.digest);
  return differs < 0 ? from.length : differs;
}

/** From the top down, so that what the layers of the top say stands whenever the reading ends. */
async function readSide(
  comparison: FileComparison,
  side: SideName,
  common: number,
  budget: ReadingBudget,
): Promise<ReadSide> {
  const { source, [side]: compared } = comparison;
  const { name, layers } = compared;
  const tree = new LayeredFiles();
  const unread: UnreadLayer[] = [];
  let cut: ReadingLimit | undefined;
  let unusable = 0;
  const onBytes = (count: number) => budget.spendBytes(count);
  const seen = new Set<string>();
  for (const [depth, layer] of layers.slice(common).reverse().entries()) {
    // The one further up says all that it says.
    if (seen.has(layer.digest)) continue;
    seen.add(layer.digest);
    try {
      // Of a layer that is no tar nothing else is spent.
      await budget.spendBytes(0);
      for await (const entry of layerEntries(source, name, layer, onBytes)) {
        await budget.spendEntry(entry);
        if (!tree.add(depth, entry)) unusable += 1;
        budget.assertPaths(tree.nodes);
      }
    } catch (error) {
      if (error instanceof BudgetSpentError) {
        cut = error.limit;
        break;
      }
      if (!(error instanceof UnreadLayerError)) throw error;
      unread.push({ side, digest: layer.digest, why: printableText(error.message, longestText) });
    }
  }
  const isWhole = common === 0 && unread.length === 0 && cut === undefined;
  return { tree: { root: tree.root, isWhole }, budget, unread, cut, unusable };
}

function shown({ path, change, isCertain, from, to }: FileDifference): ShownDifference {
  return {
    path: printableText(path, longestText),
    change,
    maybe: isCertain ? undefined : true,
    from: from && shownFile(from),
    to: to && shownFile(to),
  };
}

function shownFile({ type, size, mode, target }: FileFacts): ShownFile {
  return {
    type,
    size,
    mode: mode?.toString(8).padStart(4, '0'),
    target: target === undefined ? undefined : printableText(target, longestText),
  };
}
