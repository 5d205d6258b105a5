// Runs the commands of a document in a directory of their own, with the built program as `moorage` and ports that are free.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { program, scratchDirectory, withoutOurs } from '../e2e/moorage-process.ts';
import { projectDirectory } from '../structure/source-files.ts';
import { type Block, blocksIn } from './document-blocks.ts';

export const clients = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'moorage-clients');

/** How many commands were run. Throws with the line of the document where one fails, or prints something else. */
export async function runDocument(name: string): Promise<number> {
  const directory = await scratchDirectory();
  const run = new DocumentRun(directory, await environmentIn(directory));
  let commands = 0;
  for (const block of blocksIn(await readFile(join(projectDirectory, 'docs', name), 'utf8'))) {
    await run.block(block).catch((error: Error) => {
      throw new Error(`docs/${name}:${block.line}: ${error.message}`);
    });
    if (block.kind !== 'prints') commands += block.text.trim().split('\n').length;
  }
  return commands;
}

class DocumentRun {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  /** As the document has them. */
  readonly #ports = new Map<string, number>();
  #printed = '';

  constructor(directory: string, environment: NodeJS.ProcessEnv) {
    this.#directory = directory;
    this.#environment = environment;
  }

  async block({ kind, text }: Block): Promise<void> {
    if (kind === 'prints') return this.#assertPrinted(text);
    const script = await this.#withFreePorts(text);
    if (kind === 'serve') await this.#serve(script);
    else await this.#run(script);
  }

  async #run(script: string): Promise<void> {
    const child = this.#shell(script);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        output += part;
      });
    }
    const [code] = await once(child, 'close');
    this.#printed = output;
    if (code !== 0) throw new Error(`ended with ${code}:\n${output}`);
  }

  /** Until its banner says that it takes Ctrl-C. */
  async #serve(script: string): Promise<void> {
    const child = this.#shell(`exec ${script.trim()}`);
    onTestFinished(async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        output += part;
      });
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        output += part;
        if (output.includes('Ctrl-C')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    });
    this.#printed = output;
  }

  #shell(script: string) {
    const options = {
      cwd: this.#directory,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    };
    return spawn('bash', ['-e', '-o', 'pipefail', '-c', script], options);
  }

  #assertPrinted(text: string): void {
    for (const line of text.trim().split('\n')) {
      if (!this.#printed.includes(line)) throw new Error(`"${line}" was not printed:\n${this.#printed}`);
    }
  }

  /** 5000 and what follows it may be taken on this machine. A server that is not told its port is told it. */
  async #withFreePorts(script: string): Promise<string> {
    for (const port of ['5000', '5001']) if (!this.#ports.has(port)) this.#ports.set(port, await freePort());
    const told = script.replace(/^(moorage serve)(?!.*--port)/gm, '$1 --port 5000');
    return told.replace(/\b500[01]\b/g, (port) => String(this.#ports.get(port)));
  }
}

async function environmentIn(directory: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(directory, '.bin');
  await mkdir(bin);
  await writeFile(join(bin, 'moorage'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(join(bin, 'moorage'), 0o755);
  const { PATH = '' } = process.env;
  return { ...withoutOurs(process.env), PATH: [bin, clients, PATH].join(delimiter), HOME: directory, NO_COLOR: '1' };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
