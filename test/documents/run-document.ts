// Runs the commands of a document in a directory of their own, with the built program as `moorage` and ports that are free.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { scratchDirectory } from '../e2e/moorage-process.ts';
import { projectDirectory } from '../structure/source-files.ts';
import { engineOf, environmentIn } from './bench-of-tools.ts';
import { type Block, blocksIn } from './document-blocks.ts';
import { writeSavedImage } from './saved-image.ts';

/** As documents have them: 5000 and what follows it may be taken on this machine. */
const writtenPorts = ['5000', '5001', '5002', '5003'];

/**
 * Runs all but the blocks that need one of `absent`, programs that are not here. Returns how many commands were run. Throws with the line
 * of the document where one fails, or prints something else.
 */
export async function runDocument(path: string, absent: ReadonlySet<string>): Promise<number> {
  const text = await readFile(join(projectDirectory, path), 'utf8');
  const blocks = blocksIn(text).filter(({ needs }) => !needs.some((name) => absent.has(name)));
  const directory = await scratchDirectory();
  if (text.includes('app.tar')) await writeSavedImage(directory);
  const run = new DocumentRun(directory, await environmentIn(directory));
  let commands = 0;
  for (const block of blocks) {
    await run.block(block).catch((error: Error) => {
      throw new Error(`${path}:${block.line}: ${error.message}`);
    });
    if (block.kind === 'run' || block.kind === 'serve') commands += block.text.trim().split('\n').length;
  }
  return commands;
}

class DocumentRun {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #started = new Set<string>();
  readonly #ports = new Map<string, number>();
  #printed = '';

  constructor(directory: string, environment: NodeJS.ProcessEnv) {
    this.#directory = directory;
    this.#environment = environment;
  }

  async block(block: Block): Promise<void> {
    for (const name of block.needs) await this.#startEngine(name);
    const text = await this.#withFreePorts(block.text);
    if (block.kind === 'prints') this.#assertPrinted(text);
    else if (block.kind === 'file') await this.#write(await this.#withFreePorts(block.name), text);
    else if (block.kind === 'run') await this.#run(text, block.exit);
    else await this.#serve(toldItsPort(text, this.#ports), block.port);
  }

  async #startEngine(name: string): Promise<void> {
    if (this.#started.has(name)) return;
    this.#started.add(name);
    Object.assign(this.#environment, await engineOf(name, this.#directory));
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  async #run(script: string, wanted: number): Promise<void> {
    const child = this.#shell(script);
    const output = collected(child);
    const [code] = await once(child, 'close');
    this.#printed = output.text;
    if (code !== wanted) throw new Error(`ended with ${code}:\n${output.text}`);
  }

  /** Until its banner says that it takes Ctrl-C, or until it listens where it was told to. */
  async #serve(script: string, port: string | undefined): Promise<void> {
    const child = this.#shell(`exec ${script.trim()}`);
    onTestFinished(async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    const output = collected(child);
    const isReady = () =>
      port === undefined ? output.text.includes('Ctrl-C') : listens(this.#ports.get(port) ?? Number(port));
    while (!(await isReady())) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output.text}`);
      await delay(50);
    }
    this.#printed = output.text;
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

  async #withFreePorts(text: string): Promise<string> {
    for (const port of writtenPorts) if (!this.#ports.has(port)) this.#ports.set(port, await freePort());
    return text.replace(/\b500[0-3]\b/g, (port) => String(this.#ports.get(port)));
  }
}

/** A server that is told no port, by a flag or in a file, is told it. */
function toldItsPort(script: string, ports: ReadonlyMap<string, number>): string {
  return script.replace(
    /^((?:\w+=\S+ +)*moorage serve)(?!.*--(?:port|listen|config))/m,
    `$1 --port ${ports.get('5000')}`,
  );
}

function collected({ stdout, stderr }: ChildProcess): { text: string } {
  const output = { text: '' };
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      output.text += part;
    });
  }
  return output;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
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
