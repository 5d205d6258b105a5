// What our container image must be, however it was made: what it says of itself, what is in it, and that it can be run and pushed to.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckList } from './checks.ts';
import type { DockerEngine } from './docker-engine.ts';
import { expectEqual, expectIncludes, expectThat } from './expect.ts';
import type { Machine } from './machine.ts';
import { TestImages } from './material/test-images.ts';
import { RegistryClient } from './registry-client.ts';
import { staticBusybox } from './run-scenarios.ts';
import { freePort } from './server-under-test.ts';
import { openTools } from './tools/all-tools.ts';
import { dockerTool } from './tools/docker.ts';

const container = 'moorage-interop';
const user = '65532:65532';
const healthyMs = 60_000;

export interface ImageUnderTest {
  readonly machine: Machine;
  readonly checks: CheckList;
  readonly engine: DockerEngine;
  /** What it is called in the list of checks. */
  readonly subject: string;
  readonly image: string;
}

export async function checkBuilt(tested: ImageUnderTest): Promise<void> {
  const { checks, engine, subject, image } = tested;
  const node = async (script: string) =>
    (
      await engine.docker(['run', '--rm', '--network', 'host', '--entrypoint', 'node', image, '-e', script])
    ).stdout.trim();
  await checks.check(subject, 'says user, volume, port and health check', async () => {
    const { stdout } = await engine.docker(['image', 'inspect', '--format', '{{json .Config}}', image]);
    const config = JSON.parse(stdout) as Record<'User' | 'Volumes' | 'ExposedPorts' | 'Healthcheck', unknown>;
    expectEqual(config.User, user, 'the user');
    expectEqual(JSON.stringify(config.Volumes), '{"/var/lib/moorage":{}}', 'the volume');
    expectEqual(JSON.stringify(config.ExposedPorts), '{"5000/tcp":{}}', 'the port');
    expectThat(JSON.stringify(config.Healthcheck ?? '').includes('healthcheck.cjs'), 'no health check');
    return user;
  });
  await checks.check(subject, 'holds production dependencies only, and neither npm nor a shell', async () => {
    const below = ['node_modules/typescript', 'src', '.npmrc'].map((name) => `/opt/moorage/${name}`);
    const paths = [...below, '/root/.npmrc', '/usr/local/lib/node_modules/npm', '/bin/sh'];
    const found = await node(`console.log(${JSON.stringify(paths)}.filter(require('node:fs').existsSync).join())`);
    expectEqual(found, '', 'files that should not be in the image');
    expectEqual(await node('import("/opt/moorage/dist/index.js").then(() => console.log("ok"))'), 'ok', 'the import');
    return undefined;
  });
  await checkRunning(tested);
}

async function checkRunning({ machine, checks, engine, subject, image }: ImageUnderTest): Promise<void> {
  // The engine has no bridge, so the container shares the machine's network and must stay on the loopback address.
  const host = `127.0.0.1:${await freePort()}`;
  const registry = new RegistryClient(host);
  const repository = 'team/app';
  const started = await checks.check(subject, 'starts and becomes healthy', async () => {
    const network = ['--network', 'host', '--env', `MOORAGE_SERVER_LISTEN=${host}`];
    // Hardened as far as it goes: only the volume may be written.
    const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
    const args = [...network, ...hardened, '--health-interval', '1s', '--volume', 'moorage-data:/var/lib/moorage'];
    await engine.docker(['run', '--detach', '--name', container, ...args, image]);
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
  await checks.check(subject, 'keeps its volume over a restart and stops with exit code 0', async () => {
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
