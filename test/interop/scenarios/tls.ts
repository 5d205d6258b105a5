// TLS with the CA of `moorage tls init`: each client pulls when it is told of the CA as that command says, and refuses when it is not.

import { randomBytes } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Missing } from '../checks.ts';
import type { Environment } from '../command.ts';
import { startContainerd } from '../containerd.ts';
import { expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { SecureRegistry } from '../secure-server.ts';
import { ownStorage } from '../tools/container-storage.ts';

interface Place {
  readonly lab: Lab;
  readonly registry: SecureRegistry;
  readonly directory: string;
  /** An image that crane pushed. */
  readonly reference: string;
}

type Client = (place: Place) => Promise<Trusting>;

interface Trusting {
  /** Pulls, told of the CA. */
  trusting(): Promise<unknown>;
  /** The same without. */
  strange(): Promise<unknown>;
  /** Undoes what had to be told to the machine. */
  end?(): Promise<unknown>;
}

const clients: Readonly<Record<string, Client>> = {
  crane: async ({ lab, registry, reference }) => ({
    trusting: () => lab.run('env', [`SSL_CERT_FILE=${registry.ca}`, pathOf(lab, 'crane'), 'manifest', reference]),
    strange: () => lab.run('crane', ['manifest', reference]),
  }),
  oras: async ({ lab, registry, reference }) => ({
    trusting: () => lab.run('oras', ['manifest', 'fetch', '--ca-file', registry.ca, reference]),
    strange: () => lab.run('oras', ['manifest', 'fetch', reference]),
  }),
  curl: async ({ lab, registry }) => ({
    trusting: () => lab.run('curl', ['-sSf', '--cacert', registry.ca, `https://${registry.host}/v2/`]),
    strange: () => lab.run('curl', ['-sSf', `https://${registry.host}/v2/`]),
  }),
  skopeo: async (place) => {
    const { lab, reference } = place;
    const [trusted, empty] = await certificateDirectories(place);
    const copy = (certificates: string) =>
      lab.run('skopeo', ['--insecure-policy', 'inspect', '--cert-dir', certificates, `docker://${reference}`]);
    return { trusting: () => copy(trusted), strange: () => copy(empty) };
  },
  podman: async (place) => {
    const { lab, reference, directory } = place;
    const storage = await ownStorage(join(directory, 'podman'), 'vfs');
    const [trusted, empty] = await certificateDirectories(place);
    const pull = (certificates: string) => {
      const global = [...storage, '--cgroup-manager=cgroupfs', '--events-backend=none'];
      return lab.run('podman', [...global, 'pull', '--cert-dir', certificates, reference]);
    };
    return { trusting: () => pull(trusted), strange: () => pull(empty) };
  },
  helm: async ({ lab, registry, directory }) => {
    const chart = join(directory, 'notes');
    await mkdir(chart, { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: notes\nversion: 0.1.0\n');
    await lab.run('helm', ['package', chart], directory);
    const push = (...flags: string[]) =>
      lab.run('helm', ['push', ...flags, 'notes-0.1.0.tgz', `oci://${registry.host}/charts`], directory);
    return { trusting: () => push('--ca-file', registry.ca), strange: () => push() };
  },
  docker: async ({ lab, registry, reference }) => {
    const { engine } = lab;
    if (engine === undefined) throw new Missing('needs docker');
    // The engine looks nowhere else; the name of the directory has our port, so that nobody else's is touched.
    const directory = join('/etc/docker/certs.d', registry.host);
    return {
      trusting: async () => {
        await mkdir(directory, { recursive: true });
        await cp(registry.ca, join(directory, 'ca.crt'));
        await engine.docker(['pull', reference]);
        await engine.docker(['push', reference]);
      },
      strange: async () => {
        await rm(directory, { recursive: true, force: true });
        await engine.docker(['pull', reference]);
      },
      end: () => rm(directory, { recursive: true, force: true }),
    };
  },
  containerd: async (place) => {
    const { lab, registry, directory, reference } = place;
    const programs = { containerd: pathOf(lab, 'containerd'), ctr: pathOf(lab, 'ctr') };
    const engine = await startContainerd(programs, join(directory, 'containerd'));
    const hosts = join(directory, 'hosts');
    await mkdir(join(hosts, registry.host), { recursive: true });
    await writeFile(join(hosts, registry.host, 'hosts.toml'), hostsToml(registry));
    const pull = (where: string) => {
      const flags = ['--snapshotter', 'native', '--hosts-dir', where];
      return lab.run('ctr', [
        '--address',
        engine.address,
        '--namespace',
        'moorage',
        'images',
        'pull',
        ...flags,
        reference,
      ]);
    };
    return { trusting: () => pull(hosts), strange: () => pull(join(directory, 'nothing')), end: engine.stop };
  },
};

/** install-clients.sh builds it with --full only; containerd comes with docker. */
const mayBeAbsent = ['helm', 'containerd', 'curl'];

export const tls: Scenario = async (lab) => {
  const directory = join(lab.scratch, 'tls');
  let registry: SecureRegistry | undefined;
  try {
    const reference = { value: '' };
    const ready = await lab.checks.check('TLS', 'with the CA of `moorage tls init`', async () => {
      registry = await SecureRegistry.start(directory, environment());
      reference.value = `${registry.host}/interop/tls:v1`;
      return pushImage(lab, registry, directory, reference.value);
    });
    if (!ready || registry === undefined) return;
    for (const [name, open] of Object.entries(clients)) {
      if (mayBeAbsent.includes(name) && lab.executable(name) === undefined) {
        lab.checks.notApplicable(name, 'TLS', `${name} is not installed`);
        continue;
      }
      await checkClient({ lab, registry, directory, reference: reference.value }, name, open);
    }
  } finally {
    await registry?.stop();
  }
};

async function checkClient(place: Place, name: string, open: Client): Promise<void> {
  await place.lab.checks.check(name, 'TLS', async () => {
    if (name !== 'docker' && place.lab.executable(name) === undefined) throw new Missing(`${name} is not installed`);
    const client = await open(place);
    try {
      const refusal = await client.strange().then(
        () => undefined,
        (error: unknown) => String(error),
      );
      expectThat(refusal !== undefined, 'it takes the certificate of a CA that nobody told it of');
      expectThat(/certificate|x509/i.test(refusal ?? ''), `it was refused for something else: ${refusal}`);
      await client.trusting();
    } finally {
      await client.end?.();
    }
    return undefined;
  });
}

async function pushImage(lab: Lab, { ca }: SecureRegistry, directory: string, reference: string): Promise<string> {
  await writeFile(join(directory, 'file'), randomBytes(100_000));
  await lab.run('tar', ['-cf', 'layer.tar', 'file'], directory);
  const append = ['append', '-f', join(directory, 'layer.tar'), '-t', reference];
  await lab.run('env', [`SSL_CERT_FILE=${ca}`, pathOf(lab, 'crane'), ...append]);
  return reference;
}

/** One with the CA, and one without any. */
async function certificateDirectories({ directory, registry }: Place): Promise<readonly [string, string]> {
  const [trusted, empty] = [join(directory, 'certificates'), join(directory, 'no-certificates')];
  for (const each of [trusted, empty]) await mkdir(each, { recursive: true });
  await cp(registry.ca, join(trusted, 'ca.crt'));
  return [trusted, empty];
}

/** As printed, for the port that was chosen. */
function hostsToml({ told }: SecureRegistry): string {
  const [, block = ''] = /^containerd, in .*\n((?: {2}.*\n)+)/m.exec(told) ?? [];
  return block.replaceAll(/^ {2}/gm, '');
}

function pathOf(lab: Lab, name: string): string {
  const path = lab.executable(name);
  if (path === undefined) throw new Missing(`${name} is not installed`);
  return path;
}

/** Nothing of who runs the tests, but where programs are. */
function environment(): Environment {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
}
