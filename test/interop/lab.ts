// What every scenario works with: the registry under test, the clients that are there, test images, the list of checks.

import type { CheckList } from './checks.ts';
import type { Environment } from './command.ts';
import type { DockerEngine } from './docker-engine.ts';
import type { TestImages } from './material/test-images.ts';
import type { RegistryClient } from './registry-client.ts';
import type { ServerUnderTest } from './server-under-test.ts';
import type { Tool } from './tools/tool.ts';

/** Content that a scenario left in the registry, for the scenarios that open the directory afterwards. */
export interface LeftBehind {
  readonly tool: string;
  readonly kind: 'image' | 'index' | 'artifact';
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly mediaType: string;
}

export interface Lab {
  readonly checks: CheckList;
  readonly server: ServerUnderTest;
  readonly registry: RegistryClient;
  readonly images: TestImages;
  readonly tools: readonly Tool[];
  readonly engine: DockerEngine | undefined;
  /** Where scenarios put files of their own. */
  readonly scratch: string;
  readonly largeBytes: number;
  readonly left: LeftBehind[];
  /** The published image of oras, where one was named. */
  readonly orasImage: string | undefined;
  /** Without the user's own configuration. */
  readonly env: Environment;
  /** Where a command of that name is, if it is installed. */
  executable(name: string): string | undefined;
  /** Runs a client's command line (in `cwd`) and answers its output; `Missing` when it is not installed. */
  run(command: string, args: readonly string[], cwd?: string): Promise<string>;
}

/** A check group: what the issue calls by one name, run for the tools that can. */
export type Scenario = (lab: Lab) => Promise<void>;
