// moorage over TLS, with the CA and the certificate of `moorage tls init`, on an address of this machine that is not the loopback: docker
// verifies no certificates there.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Missing } from './checks.ts';
import { type Environment, runCommand } from './command.ts';
import { projectFile } from './project-files.ts';
import { endProcess, track } from './running-processes.ts';
import { freePort } from './server-under-test.ts';

const main = projectFile('dist/main.js');
const startMs = 15_000;
const stopMs = 20_000;

export class SecureRegistry {
  readonly host: string;
  /** Path of the CA's certificate. */
  readonly ca: string;
  /** What `moorage tls init` printed. */
  readonly told: string;
  readonly #process: ChildProcess;

  private constructor(host: string, ca: string, told: string, child: ChildProcess) {
    this.host = host;
    this.ca = ca;
    this.told = told;
    this.#process = child;
  }

  static async start(directory: string, env: Environment): Promise<SecureRegistry> {
    const address = ownAddress();
    const port = await freePort();
    await mkdir(directory, { recursive: true });
    const tls = join(directory, 'tls');
    const settings = {
      ...env,
      MOORAGE_SERVER_LISTEN: `${address}:${port}`,
      MOORAGE_SERVER_TLS_CERTIFICATE: join(tls, 'server.crt'),
      MOORAGE_SERVER_TLS_KEY: join(tls, 'server.key'),
      MOORAGE_SERVER_TLS_HTTP2: 'true',
    };
    const init = [main, 'tls', 'init', '--dir', tls, '--name', address];
    const { stdout } = await runCommand(process.execPath, init, { env: settings });
    const child = spawn(process.execPath, [main, 'serve', '--root', join(directory, 'registry')], { env: settings });
    track(child);
    const log = createWriteStream(join(directory, 'moorage.log'));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const registry = new SecureRegistry(`${address}:${port}`, join(tls, 'ca.crt'), stdout, child);
    await registry.#ready();
    return registry;
  }

  async stop(): Promise<void> {
    await endProcess(this.#process, stopMs);
  }

  async #ready(): Promise<void> {
    const ca = await readFile(this.ca, 'utf8');
    for (const deadline = Date.now() + startMs; Date.now() < deadline; await delay(50)) {
      if (this.#process.exitCode !== null) break;
      if (await answers(this.host, ca)) return;
    }
    throw new Error(`moorage does not answer on ${this.host}`);
  }
}

function ownAddress(): string {
  const found = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = found.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) throw new Missing('needs an IPv4 address besides the loopback');
  return own.address;
}

function answers(host: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(`https://${host}/livez`, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
