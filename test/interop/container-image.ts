// The container image: built from the Dockerfile on a base image made here, run, pushed to with a real client, stopped.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBaseImage, certificatesPath } from './base-image.ts';
import type { CheckList } from './checks.ts';
import type { DockerEngine } from './docker-engine.ts';
import { expectEqual, expectIncludes, expectThat } from './expect.ts';
import type { Machine } from './machine.ts';
import { TestImages } from './material/test-images.ts';
import { writeNpmSecret } from './npm-configuration.ts';
import { projectFile } from './project-files.ts';
import { RegistryClient } from './registry-client.ts';
import { staticBusybox } from './run-scenarios.ts';
import { freePort } from './server-under-test.ts';
import { openTools, startEngine } from './tools/all-tools.ts';
import { dockerTool } from './tools/docker.ts';

const base = 'moorage-interop/base';
const built = 'moorage-interop/moorage';
const container = 'moorage-interop';
const user = '65532:65532';
const healthyMs = 60_000;

/** Needs root, docker and busybox; each is a listed skip where it is missing. */
export async function checkContainerImage(machine: Machine, checks: CheckList): Promise<void> {
  let engine: DockerEngine | undefined;
  try {
    const ready = await checks.check('container image', 'builds on a base image made here', async () => {
      engine = await startEngine(machine);
      await buildBaseImage(machine, engine, base);
      return await buildImage(machine, engine);
    });
    if (ready && engine !== undefined) await checkBuilt(machine, checks, engine);
  } finally {
    await engine?.stop();
  }
}

async function buildImage(machine: Machine, engine: DockerEngine): Promise<string> {
  const secret = await writeNpmSecret(machine, certificatesPath);
  const args = ['--build-arg', `NODE_IMAGE=${base}`, '--secret', `id=npmrc,src=${secret}`, '--tag', built];
  await engine.build(projectFile('.'), args, { timeoutMs: 600_000 });
  const size = async (image: string) =>
    Number((await engine.docker(['image', 'inspect', '--format', '{{.Size}}', image])).stdout);
  return `${(((await size(built)) - (await size(base))) / 1e6).toFixed(1)} MB on top of the base image`;
}

async function checkBuilt(machine: Machine, checks: CheckList, engine: DockerEngine): Promise<void> {
  const node = async (script: string) =>
    (
      await engine.docker(['run', '--rm', '--network', 'host', '--entrypoint', 'node', built, '-e', script])
    ).stdout.trim();
  await checks.check('container image', 'says user, volume, port and health check', async () => {
    const { stdout } = await engine.docker(['image', 'inspect', '--format', '{{json .Config}}', built]);
    const config = JSON.parse(stdout) as Record<'User' | 'Volumes' | 'ExposedPorts' | 'Healthcheck', unknown>;
    expectEqual(config.User, user, 'the user');
    expectEqual(JSON.stringify(config.Volumes), '{"/var/lib/moorage":{}}', 'the volume');
    expectEqual(JSON.stringify(config.ExposedPorts), '{"5000/tcp":{}}', 'the port');
    expectThat(JSON.stringify(config.Healthcheck ?? '').includes('/livez'), 'no health check');
    return user;
  });
  await checks.check('container image', 'holds production dependencies only, and no npm configuration', async () => {
    const paths = ['/opt/moorage/node_modules/typescript', '/opt/moorage/src', '/root/.npmrc', '/opt/moorage/.npmrc'];
    const found = await node(`console.log(${JSON.stringify(paths)}.filter(require('node:fs').existsSync).join())`);
    expectEqual(found, '', 'files that should not be in the image');
    expectEqual(await node('import("/opt/moorage/dist/index.js").then(() => console.log("ok"))'), 'ok', 'the import');
    return undefined;
  });
  await checkRunning(machine, checks, engine);
}

async function checkRunning(machine: Machine, checks: CheckList, engine: DockerEngine): Promise<void> {
  // The engine has no bridge, so the container shares the machine's network and must stay on the loopback address.
  const host = `127.0.0.1:${await freePort()}`;
  const registry = new RegistryClient(host);
  const repository = 'team/app';
  const started = await checks.check('container image', 'starts and becomes healthy', async () => {
    const network = ['--network', 'host', '--env', `MOORAGE_SERVER_LISTEN=${host}`];
    // Hardened as far as it goes: only the volume may be written.
    const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
    const args = [...network, ...hardened, '--health-interval', '1s', '--volume', 'moorage-data:/var/lib/moorage'];
    await engine.docker(['run', '--detach', '--name', container, ...args, built]);
    return await healthy(engine);
  });
  if (!started) return;
  const { tools } = await openTools(machine, registry, checks, ['skopeo', 'crane', 'oras']);
  const images = new TestImages(join(machine.scratch, 'images'), await staticBusybox(machine, checks));
  for (const tool of [dockerTool(engine), ...tools]) {
    await checks.check(tool.name, 'pushes to the container and pulls', async () => {
      const tag = tool.name;
      const source = await images.image(`container-${tag}`);
      await tool.pushImage(source, registry.reference(repository, tag));
      const { digest } = await registry.manifest(repository, tag);
      expectIncludes(await tool.pullImage(registry.reference(repository, tag)), digest, 'the digest pulled');
      return digest;
    });
  }
  await checks.check('container image', 'keeps its volume over a restart and stops with exit code 0', async () => {
    const blob = await registry.pushBlob(repository, randomBytes(1024 * 1024));
    const tags = await registry.tags(repository);
    await engine.docker(['restart', container]);
    await healthy(engine);
    expectEqual((await registry.tags(repository)).join(), tags.join(), 'the tags after the restart');
    expectEqual(await registry.status(`/v2/${repository}/blobs/${blob}`), 200, 'GET of a blob after the restart');
    await engine.docker(['stop', container]);
    const { stdout } = await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', container]);
    expectEqual(stdout.trim(), '0', 'the exit code');
    return tags.join(' ');
  });
  await engine.docker(['rm', '--force', '--volumes', container]);
}

async function healthy(engine: DockerEngine): Promise<string> {
  let health = '';
  for (const deadline = Date.now() + healthyMs; Date.now() < deadline; await delay(250)) {
    const { stdout } = await engine.docker([
      'inspect',
      '--format',
      '{{.State.Status}} {{.State.Health.Status}}',
      container,
    ]);
    health = stdout.trim();
    if (health === 'running healthy') return health;
    if (!health.startsWith('running')) break;
  }
  const logs = await engine.docker(['logs', '--tail', '5', container]);
  throw new Error(`the container is ${health}: ${logs.stderr.trim()}`);
}
