// How the files of two images differ, path by path, where some of the layers below were read for neither.
import { Pace } from '../../layout/pacing/pace.ts';
import { sortedInSteps } from '../../layout/pacing/sorting.ts';
import { eachInSteps, paced } from '../../layout/pacing/steps.ts';
import type { FileFacts, TreeNode } from './layered-files.ts';

export interface FileDifference {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** False: layers that were not read may hold something of that name, so that it is changed in truth, or is there still. */
  readonly isCertain: boolean;
  /** Undefined where nothing is, or nothing that was read. */
  readonly from: FileFacts | undefined;
  readonly to: FileFacts | undefined;
}

export interface ReadTree {
  readonly root: TreeNode;
  /** True: every layer was read, down to the last. Otherwise what it does not name may be there all the same. */
  readonly isWhole: boolean;
}

/** What one side has at a path. Unknown: whatever the layers have that were not read. */
type Held = { readonly kind: 'here'; readonly facts: FileFacts } | { readonly kind: 'nothing' | 'unknown' };

interface Side {
  readonly node: TreeNode | undefined;
  /** Nothing of what was not read shows below this path. */
  readonly isHidden: boolean;
}

interface Frame {
  readonly path: string;
  readonly from: Side;
  readonly to: Side;
  readonly names: readonly string[];
  at: number;
}

const byCodeUnit = { sort: (run: string[]) => run.sort(), isBefore: (one: string, other: string) => one < other };

/** Ends early once it does not `goOn`. In order of the names in each directory. A directory is told of only where nothing in it is, or where it changed itself. */
export async function* fileDifferences(
  from: ReadTree,
  to: ReadTree,
  goesOn: () => boolean = () => true,
): AsyncGenerator<FileDifference> {
  let held: FileDifference | undefined;
  for await (const found of allDifferences(from, to, goesOn)) {
    if (held !== undefined && !found.path.startsWith(`${held.path}/`)) yield held;
    held = undefined;
    if (found.change !== 'changed' && (found.from ?? found.to)?.type === 'directory') held = found;
    else yield found;
  }
  if (held !== undefined) yield held;
}

async function* allDifferences(from: ReadTree, to: ReadTree, goesOn: () => boolean): AsyncGenerator<FileDifference> {
  const pace = new Pace();
  const top = { from: { node: from.root, isHidden: from.isWhole }, to: { node: to.root, isHidden: to.isWhole } };
  const stack = [await frameOf('', belowOf(top.from), belowOf(top.to))];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    await pace.step();
    if (!goesOn()) return;
    const name = frame.names[frame.at];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    frame.at += 1;
    const path = frame.path === '' ? name : `${frame.path}/${name}`;
    const one = { node: frame.from.node?.below?.get(name), isHidden: frame.from.isHidden };
    const other = { node: frame.to.node?.below?.get(name), isHidden: frame.to.isHidden };
    const difference = differenceOf(path, one, other);
    if (difference !== undefined) yield difference;
    const below = emptied(path, one, other);
    if (below !== undefined) yield below;
    const isLeaf = one.node?.below === undefined && other.node?.below === undefined;
    if (!isLeaf) stack.push(await frameOf(path, belowOf(one), belowOf(other)));
  }
}

async function frameOf(path: string, from: Side, to: Side): Promise<Frame> {
  const all = new Set<string>();
  for (const { node } of [from, to]) {
    if (node?.below !== undefined) await paced(eachInSteps(node.below.keys(), (name) => all.add(name)));
  }
  return { path, from, to, names: await paced(sortedInSteps(all, byCodeUnit)), at: 0 };
}

function belowOf(side: Side): Side {
  return { node: side.node, isHidden: isHiddenBelow(side) };
}

function differenceOf(path: string, from: Side, to: Side): FileDifference | undefined {
  const before = heldBy(from);
  const after = heldBy(to);
  if (before.kind === 'here' && after.kind === 'here') {
    if (isSame(before.facts, after.facts)) return undefined;
    return { path, change: 'changed', isCertain: true, from: before.facts, to: after.facts };
  }
  if (before.kind === 'here') {
    return { path, change: 'removed', isCertain: after.kind === 'nothing', from: before.facts, to: undefined };
  }
  if (after.kind === 'here') {
    return { path, change: 'added', isCertain: before.kind === 'nothing', from: undefined, to: after.facts };
  }
  // Whoever takes something away saw it there.
  if (to.node?.isGone && before.kind === 'unknown') return bare(path, 'removed', true);
  if (from.node?.isGone && after.kind === 'unknown') return bare(path, 'added', true);
  return undefined;
}

/** Of a directory that hides what nobody read: something may be gone from it. */
function emptied(path: string, from: Side, to: Side): FileDifference | undefined {
  if (hidesUnread(to) && !isHiddenBelow(from)) return bare(`${path}/*`, 'removed', false);
  if (hidesUnread(from) && !isHiddenBelow(to)) return bare(`${path}/*`, 'added', false);
  return undefined;
}

/** What is gone, or is a file, is told of as that. */
function hidesUnread({ node, isHidden }: Side): boolean {
  if (isHidden || node === undefined || !node.hidesLower || node.isGone) return false;
  return node.facts === undefined || node.facts.type === 'directory';
}

function isHiddenBelow({ node, isHidden }: Side): boolean {
  return isHidden || node?.hidesLower === true;
}

function bare(path: string, change: FileDifference['change'], isCertain: boolean): FileDifference {
  return { path, change, isCertain, from: undefined, to: undefined };
}

function heldBy({ node, isHidden }: Side): Held {
  if (node?.facts !== undefined) return { kind: 'here', facts: node.facts };
  return { kind: isHidden || node?.isGone === true ? 'nothing' : 'unknown' };
}

function isSame(one: FileFacts, other: FileFacts): boolean {
  return (
    one.type === other.type &&
    one.size === other.size &&
    one.mode === other.mode &&
    one.target === other.target &&
    one.content === other.content
  );
}
