// What the scenarios ask of a client. Each tool of this folder answers it with that client's real command lines.

import type { Environment } from '../command.ts';
import type { TestImage } from '../material/test-images.ts';
import type { RegistryClient } from '../registry-client.ts';

/** Something the client has no command for, and why. */
export interface Inability {
  readonly cannot: string;
}

export type Ability<T> = T | Inability;

export function isAble<T extends object>(ability: Ability<T>): ability is T {
  return !('cannot' in ability);
}

export interface Artifacts {
  /** Pushes one file as an artifact of its own. */
  push(reference: string, artifactType: string, file: string): Promise<void>;
  /** The bytes of the file that `push` had pushed. */
  pull(reference: string): Promise<Buffer>;
  /** Pushes one file as a referrer of what `subject` names. */
  attach(subject: string, artifactType: string, file: string): Promise<void>;
  /** The digests of the referrers of what `subject` names. */
  referrers(subject: string): Promise<string[]>;
}

export interface Removal {
  /** Deletes the manifest that `reference` names; the command is told whatever it takes to be allowed to. */
  remove(reference: string): Promise<void>;
}

export interface Tool {
  readonly name: string;
  /** Does the tool send the bytes of a manifest as it found them? Builders make their own. */
  readonly keepsDigests: boolean;
  version(): Promise<string>;
  pushImage(image: TestImage, reference: string): Promise<void>;
  /** Pulls into an empty place, and answers the digests under which the tool then knows what it pulled. */
  pullImage(reference: string): Promise<readonly string[]>;
  pushIndex(index: TestImage, reference: string): Promise<void>;
  pullIndex(reference: string): Promise<readonly string[]>;
  /** Gives back the room that pulls and builds took. */
  forget(): Promise<void>;
  readonly artifacts: Ability<Artifacts>;
  readonly removal: Ability<Removal>;
}

/** What a tool is given to work with: nothing of the machine's own configuration. */
export interface Workplace {
  /** A directory of the tool's own; everything it keeps goes below. */
  readonly directory: string;
  readonly env: Environment;
  readonly registry: RegistryClient;
  /** Where its executable is. */
  readonly command: string;
}

/** A client that may or may not be installed. */
export interface ToolKind {
  /** The client's name, and its command's. */
  readonly name: string;
  readonly needsRoot: boolean;
  open(workplace: Workplace): Promise<Tool>;
}
