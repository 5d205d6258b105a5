// The files of an image as its layers make them, put together from the top layer down: what is there first hides what comes later.
import { memberPath, pathRefusal } from '../../storage/archive/member-path.ts';
import type { StreamedEntry } from '../../storage/archive/streamed-tar.ts';

export type FileType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character device' | 'block device' | 'fifo';

export interface FileFacts {
  readonly type: FileType;
  /** Bytes. */
  readonly size: number;
  readonly mode: number | undefined;
  /** What a link leads to. */
  readonly target: string | undefined;
  /** The same for the same content. */
  readonly content: string;
}

/** A path. */
export interface TreeNode {
  /** Undefined where nothing is: most paths are those of files. */
  readonly below: ReadonlyMap<string, TreeNode> | undefined;
  /** What is there; undefined where nothing of these layers is. */
  readonly facts: FileFacts | undefined;
  /** A layer says that nothing is here of those below it. */
  readonly isGone: boolean;
  /** What lower layers have below this path is hidden. */
  readonly hidesLower: boolean;
}

interface LayeredNode extends TreeNode {
  below: Map<string, LayeredNode> | undefined;
  facts: FileFacts | undefined;
  isGone: boolean;
  hidesLower: boolean;
  /** The layer, counted from the top, that says what is here; and the one that hides what lower ones have below. */
  decidedAt: number;
  hidesFrom: number;
}

const types: Readonly<Record<string, FileType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character device',
  '4': 'block device',
  '5': 'directory',
  '6': 'fifo',
};

/** Image-spec, layer.md, Whiteouts. */
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';
/** What aufs wrote for itself: names nothing. */
const reserved = '.wh..wh.';

export class LayeredFiles {
  readonly root: TreeNode;
  readonly #root: LayeredNode;
  #nodes = 1;

  constructor() {
    this.#root = newNode();
    this.root = this.#root;
  }

  /** How many paths there are, with those of the directories that names lead through: what it takes in memory. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Layers come from the top (0) down, the entries of one in their order. False for a name that names nothing. */
  add(layer: number, entry: StreamedEntry): boolean {
    // Layers are unpacked below a root: an absolute path is one in it.
    const written = entry.path.replace(/^\/+/, '');
    const type = typeOf(entry);
    if (type === undefined || (written !== '' && pathRefusal(written) !== undefined)) return false;
    const path = memberPath(written);
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const parent = slash < 0 ? '' : path.slice(0, slash);
    if (name === opaque) this.#hide(layer, parent, 'below');
    else if (name.startsWith(reserved)) return true;
    else if (name.startsWith(whiteout)) {
      const hidden = name.slice(whiteout.length);
      if (hidden === '' || hidden === '.' || hidden === '..') return false;
      this.#hide(layer, parent === '' ? hidden : `${parent}/${hidden}`, 'itself');
    } else this.#put(layer, path, factsOf(entry, type));
    return true;
  }

  /** Of one name in one layer the last entry counts, as when a tar is unpacked. */
  #put(layer: number, path: string, facts: FileFacts): void {
    const node = this.#visible(layer, path);
    if (node === undefined || node.decidedAt < layer) return;
    node.decidedAt = layer;
    node.facts = facts;
    node.isGone = false;
    if (facts.type !== 'directory') hideBelow(node, layer);
  }

  /** A whiteout hides what lower layers have, and never what its own has. */
  #hide(layer: number, path: string, what: 'itself' | 'below'): void {
    const node = this.#visible(layer, path);
    if (node === undefined) return;
    hideBelow(node, layer);
    if (what === 'itself' && node.decidedAt > layer) {
      node.decidedAt = layer;
      node.isGone = true;
    }
  }

  /** Undefined where a layer above hides what is at the path. */
  #visible(layer: number, path: string): LayeredNode | undefined {
    let node = this.#root;
    if (path === '') return node;
    for (const name of path.split('/')) {
      if (node.hidesFrom < layer) return undefined;
      node.below ??= new Map();
      let next = node.below.get(name);
      if (next === undefined) {
        next = newNode();
        node.below.set(name, next);
        this.#nodes += 1;
      }
      node = next;
    }
    return node;
  }
}

function newNode(): LayeredNode {
  return {
    below: undefined,
    facts: undefined,
    isGone: false,
    hidesLower: false,
    decidedAt: Number.POSITIVE_INFINITY,
    hidesFrom: Number.POSITIVE_INFINITY,
  };
}

function hideBelow(node: LayeredNode, layer: number): void {
  node.hidesLower = true;
  node.hidesFrom = Math.min(node.hidesFrom, layer);
}

/** A directory in V7 is a file whose name ends in a slash. Undefined for a type that nobody knows. */
function typeOf({ type, path }: StreamedEntry): FileType | undefined {
  return type === '0' && path.endsWith('/') ? 'directory' : types[type];
}

function factsOf({ size, mode, linkPath, content }: StreamedEntry, type: FileType): FileFacts {
  return { type, size, mode, target: linkPath === '' ? undefined : linkPath, content };
}
