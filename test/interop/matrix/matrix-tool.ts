// What the matrix asks of a tool: ways to write each content to a directory or archive, and ways to read what the server made.

import type { Environment } from '../command.ts';
import type { DockerEngine } from '../docker-engine.ts';
import type { Ability } from '../tools/tool.ts';
import type { ContentKind, MatrixContents, TaggedContent } from './contents.ts';

/** What the server has to show of something that a tool wrote, once it is mounted. */
export interface Expected {
  /** Where it has to be below the mount's own name; '' for that name itself. */
  readonly path: string;
  readonly tag: string;
  /** Of the manifest, where the tool keeps its bytes. */
  readonly digest?: string;
  /** Of the image's config, where the tool makes a manifest of its own. */
  readonly config?: string;
  readonly children?: readonly string[];
  readonly referrers?: readonly string[];
  readonly artifactTypes?: readonly string[];
  /** So many referrers, where the tool makes them. */
  readonly referrerCount?: number;
  /** So many referrers of each image that the index lists for a platform. */
  readonly referrersEach?: number;
}

export interface Written {
  /** A layout's directory, or an archive. */
  readonly path: string;
  readonly expected: readonly Expected[];
  /** Command line of the server beside the path. */
  readonly serveArgs?: readonly string[];
}

/** One way to write: `how` is what the cell calls it. */
export interface Writer {
  readonly how: string;
  /** `target` is a path that does not exist yet; the tool may append an extension. */
  write(target: string): Promise<Written>;
}

/** One way to read; answers what it saw, throws when that is not what was pushed. */
export interface Reader {
  readonly how: string;
  read(): Promise<string>;
}

/** What the tool has a command for, and does not do with what others wrote: a no, and why. */
export interface Refusal {
  readonly refuses: string;
}

/** A model does not say. */
export interface Unjudged {
  readonly unjudged: string;
}

/** `cannot`: the tool has no such thing. */
export type Way<T> = Ability<readonly T[]> | Refusal | Unjudged;
export type Ways<T> = Readonly<Record<ContentKind, Way<T>>>;

export interface OpenMatrixTool {
  readonly version: string;
  readonly writes: Ways<Writer>;
  readonly reads: Ways<Reader>;
  close(): Promise<void>;
}

/** What a tool gets to work with. */
export interface Bench {
  /** A directory of the tool's own. */
  readonly directory: string;
  /** Nothing of the machine's own configuration. */
  readonly env: Environment;
  readonly contents: MatrixContents;
  readonly engine: DockerEngine | undefined;
  /** The server's address, and the root that it serves. */
  readonly host: string;
  readonly root: string;
  /** `HOST/NAME:TAG` on the server. */
  reference(content: TaggedContent): string;
  /** The directory of a repository of the server. */
  layoutOf(content: TaggedContent): string;
  /** A fresh path in the tool's directory. */
  fresh(name: string): string;
  /** Runs an installed command and answers its standard output; `Missing` when it is not installed. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  executable(command: string): string | undefined;
  /** What install-clients.sh built it from; else what the tool says itself. */
  version(command: string, ask: () => Promise<string>): Promise<string>;
  /** `moorage export`: the contents into an archive or directory, with the names that they are to have. */
  exportTo(target: string, profile: string, contents: readonly TaggedContent[]): Promise<string>;
  /** Mounts what a tool wrote and pushes a further image into it; answers the image, whose repository is below the mount. */
  pushThrough(written: Written, path: string): Promise<TaggedContent>;
}

export interface MatrixTool {
  readonly name: string;
  /** Its commands, all of which have to be there. */
  readonly commands: readonly string[];
  readonly needsRoot: boolean;
  /** Takes minutes to build: only with --full. */
  readonly full: boolean;
  open(bench: Bench): Promise<OpenMatrixTool>;
}

/** What the server has to show of content that a tool copied as it is. */
export function copied(content: TaggedContent, path = '', tag = content.tag): Expected {
  const { digest, children, referrers, artifactTypes } = content;
  return { path, tag, digest, children, referrers, artifactTypes };
}

/** The same, of a tool that writes a manifest of its own for an image of one platform. */
export function converted(content: TaggedContent, path = '', tag = content.tag): Expected {
  return { path, tag, config: content.config };
}

/** Two images with full names: each in a repository of its path. */
export function named(contents: readonly TaggedContent[], how: typeof copied = copied): readonly Expected[] {
  return contents.map((content) => how(content, content.repository));
}

export const cannotRefer = (tool: string) => ({ cannot: `${tool} knows no referrers` });
