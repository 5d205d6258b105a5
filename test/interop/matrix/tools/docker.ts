// docker, twice: the distribution's engine, whose archives have no index.json before release 25, and a current one, which keeps images
// in containerd with everything that refers to them.

import { Missing } from '../../checks.ts';
import type { DockerEngine } from '../../docker-engine.ts';
import { expectEqual } from '../../expect.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import { Daemon } from '../daemon.ts';
import {
  type Bench,
  converted,
  copied,
  type Expected,
  type MatrixTool,
  named,
  type OpenMatrixTool,
  type Reader,
  type Writer,
} from '../matrix-tool.ts';
import { startContainerd } from './containerd.ts';

const onePlatform = 'the graph drivers of docker keep one platform of an index';
const noReferrers = 'docker before 29.1 knows no referrers';

export const docker: MatrixTool = {
  name: 'docker',
  commands: ['docker', 'dockerd'],
  needsRoot: true,
  full: false,
  async open(bench) {
    const engine = expectEngine(bench.engine);
    const commands = new DockerCommands(bench, async (...args) => (await engine.docker(args)).stdout.trim());
    const { image, index, names } = bench.contents;
    return {
      version: await commands.run('version', '--format', '{{.Server.Version}}'),
      writes: {
        image: [commands.saves([image], commands.reference, [converted(image)])],
        index: { cannot: onePlatform },
        referrers: { cannot: noReferrers },
        names: [commands.saves(names, fullName, named(names, converted))],
      },
      reads: {
        image: [commands.loads([image], 'config')],
        index: [commands.loads([index], 'config')],
        referrers: { cannot: noReferrers },
        names: [commands.loads(names, 'config')],
      },
      close: () => commands.forget(),
    };
  },
};

export const docker29: MatrixTool = {
  name: 'docker 29',
  commands: ['docker', 'dockerd-29', 'containerd-2', 'ctr-2', 'runc'],
  needsRoot: true,
  full: true,
  async open(bench): Promise<OpenMatrixTool> {
    const { directory, env } = bench;
    const host = { DOCKER_HOST: `unix://${directory}/d.sock` };
    const address = `${directory}/c.sock`;
    const containerd = await startContainerd(bench, 'containerd-2', address, () =>
      bench.run('ctr-2', ['--address', address, 'version']),
    );
    const run = async (...args: string[]) => (await bench.run('docker', args, host)).trim();
    const flags = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--containerd', address];
    const own = [
      '--data-root',
      `${directory}/data`,
      '--exec-root',
      `${directory}/exec`,
      '--pidfile',
      `${directory}/pid`,
    ];
    const command = bench.executable('dockerd-29') ?? 'dockerd-29';
    const args = [...flags, ...own, '--host', host.DOCKER_HOST];
    const log = `${directory}/dockerd.log`;
    const engine = await Daemon.start(command, args, { env, log }, () => run('version'));
    const commands = new DockerCommands(bench, run);
    const { image, index, referrers, names } = bench.contents;
    return {
      version: `moby ${await bench.version('dockerd-29', () => run('version', '--format', '{{.Server.Version}}'))}`,
      writes: {
        image: [commands.saves([image], commands.reference, [copied(image)])],
        index: [commands.savesAgain(index)],
        referrers: [commands.savesAgain(referrers)],
        names: [commands.saves(names, fullName, named(names))],
      },
      reads: {
        image: [commands.loads([image], 'digest')],
        index: [commands.loads([index], 'digest')],
        // What it saves again is what it had loaded.
        referrers: [{ how: 'load, then save', read: () => commands.readsReferrers(referrers) }],
        names: [commands.loads(names, 'digest')],
      },
      close: async () => {
        await engine.stop();
        await containerd.stop();
      },
    };
  },
};

class DockerCommands {
  readonly #bench: Bench;
  readonly run: (...args: string[]) => Promise<string>;
  readonly reference: (content: TaggedContent) => string;

  constructor(bench: Bench, run: (...args: string[]) => Promise<string>) {
    this.#bench = bench;
    this.run = run;
    this.reference = (content) => bench.reference(content);
  }

  async forget(): Promise<void> {
    const images = await this.run('image', 'ls', '--quiet', '--no-trunc');
    if (images !== '') await this.run('image', 'rm', '--force', ...new Set(images.split('\n')));
  }

  saves(
    from: readonly TaggedContent[],
    name: (content: TaggedContent) => string,
    expected: readonly Expected[],
  ): Writer {
    return {
      how: 'save',
      write: async (target) => {
        await this.forget();
        for (const content of from) {
          await this.run('pull', this.reference(content));
          if (name(content) !== this.reference(content)) await this.run('tag', this.reference(content), name(content));
        }
        await this.run('save', '--output', `${target}.tar`, ...from.map(name));
        return { path: `${target}.tar`, expected };
      },
    };
  }

  /** A pull brings one platform, and no referrers: a load brings all of it. */
  savesAgain(content: TaggedContent): Writer {
    return {
      how: 'load, then save',
      write: async (target) => {
        await this.#load([content]);
        await this.run('save', '--output', `${target}.tar`, this.reference(content));
        return { path: `${target}.tar`, expected: [copied(content)] };
      },
    };
  }

  /** `id`: what the engine calls an image by. */
  loads(from: readonly TaggedContent[], id: 'config' | 'digest'): Reader {
    return {
      how: 'load of export --profile docker',
      read: async () => {
        await this.#load(from);
        for (const content of from) {
          const seen = await this.run('image', 'inspect', '--format', '{{.Id}}', this.reference(content));
          expectEqual(seen, content[id], 'the image loaded');
        }
        return `${from.length} images`;
      },
    };
  }

  async readsReferrers(content: TaggedContent): Promise<string> {
    const { path } = await this.savesAgain(content).write(this.#bench.fresh('again'));
    const index = await this.#bench.run('tar', ['-xOf', path, 'index.json']);
    const entries = (JSON.parse(index) as { manifests: { digest: string }[] }).manifests;
    const wanted = [content.digest, ...content.referrers];
    expectEqual(
      entries
        .map(({ digest }) => digest)
        .toSorted()
        .join(),
      wanted.toSorted().join(),
      'what docker kept',
    );
    return `${content.referrers.length} referrers`;
  }

  async #load(from: readonly TaggedContent[]): Promise<void> {
    await this.forget();
    const archive = await this.#bench.exportTo(`${this.#bench.fresh('export')}.tar`, 'docker', from);
    await this.run('load', '--input', archive);
  }
}

function expectEngine(engine: DockerEngine | undefined): DockerEngine {
  if (engine === undefined) throw new Missing('no engine');
  return engine;
}
