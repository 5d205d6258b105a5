// Where an official suite comes from: a binary that was named, else its published container image where an engine can
// pull it, else nowhere, with the reason.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export interface SuiteSource {
  readonly described: string;
  /** Runs the suite with these variables; its results go to `resultsDirectory`. Gives what it printed. */
  run(env: Readonly<Record<string, string>>, resultsDirectory: string): Promise<string>;
  /** `resultsDirectory` as the suite sees it. */
  resultsPath(resultsDirectory: string): string;
}

export interface SuiteNames {
  readonly binary: string | undefined;
  readonly image: string | undefined;
}

const pullMs = 300_000;
const runMs = 600_000;

/** The source, or the reason why there is none. A binary that was named but cannot be run is an error. */
export async function findSuite({ binary, image }: SuiteNames): Promise<SuiteSource | string> {
  if (binary !== undefined) {
    await access(binary, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`${binary} is not an executable file`, { cause });
    });
    return fromBinary(path.resolve(binary));
  }
  if (image === undefined) return 'neither a binary nor a container image of it is named';
  const reasons: string[] = [];
  for (const engine of ['docker', 'podman']) {
    try {
      await promisify(execFile)(engine, ['pull', '--quiet', image], { timeout: pullMs });
      return fromImage(engine, image);
    } catch (error) {
      reasons.push(`${engine}: ${firstLine(error)}`);
    }
  }
  return `its image cannot be pulled (${reasons.join('; ')})`;
}

function fromBinary(binary: string): SuiteSource {
  return {
    described: path.basename(binary),
    resultsPath: (resultsDirectory) => resultsDirectory,
    run: (env, resultsDirectory) => collect(binary, [], { ...process.env, ...env }, resultsDirectory),
  };
}

function fromImage(engine: string, image: string): SuiteSource {
  return {
    described: `${image} by ${engine}`,
    resultsPath: () => '/results',
    run: (env, resultsDirectory) => {
      const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
      const mount = ['--volume', `${resultsDirectory}:/results`];
      // The registry under test listens on loopback of this machine.
      const args = ['run', '--rm', '--network=host', ...mount, ...variables, image];
      return collect(engine, args, process.env, resultsDirectory);
    },
  };
}

/** The exit code says nothing (0 on a bad configuration, 1 on a failed test): the result files are read instead. */
async function collect(command: string, args: string[], env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: runMs });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  await once(child, 'close');
  return printed;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
