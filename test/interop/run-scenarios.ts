// Sets up the lab (server, clients, test images), runs the scenarios in it, and takes all of it down again.

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckList, Missing } from './checks.ts';
import { runCommand } from './command.ts';
import { expectEqual } from './expect.ts';
import type { Lab, Scenario } from './lab.ts';
import type { Machine } from './machine.ts';
import { TestImages } from './material/test-images.ts';
import { runMatrix } from './matrix/run-matrix.ts';
import type { InteropOptions } from './options.ts';
import { projectFile } from './project-files.ts';
import { RegistryClient } from './registry-client.ts';
import { deleteAndRepush } from './scenarios/delete-and-repush.ts';
import { exports } from './scenarios/exports.ts';
import { foreignWriters } from './scenarios/foreign-writers.ts';
import { image } from './scenarios/image.ts';
import { largeLayer } from './scenarios/large-layer.ts';
import { liveCopy } from './scenarios/live-copy.ts';
import { logins } from './scenarios/logins.ts';
import { multiArch } from './scenarios/multi-arch.ts';
import { namesBesidePushes } from './scenarios/names-beside-pushes.ts';
import { openDirectory } from './scenarios/open-directory.ts';
import { orasContainer } from './scenarios/oras-container.ts';
import { partialPull } from './scenarios/partial-pull.ts';
import { referrers } from './scenarios/referrers.ts';
import { resumedUpload } from './scenarios/resumed-upload.ts';
import { rot } from './scenarios/rot.ts';
import { roundTrips } from './scenarios/round-trips.ts';
import { space } from './scenarios/space.ts';
import { tls } from './scenarios/tls.ts';
import { OwnServer, runningServer, type ServerUnderTest } from './server-under-test.ts';
import { openTools } from './tools/all-tools.ts';

/** In this order: what opens the directory reads what the first ones left. */
const scenarios: Readonly<Record<string, Scenario>> = {
  image,
  'multi-arch': multiArch,
  referrers,
  delete: deleteAndRepush,
  resumed: resumedUpload,
  partial: partialPull,
  rot,
  space,
  directory: openDirectory,
  exports,
  foreign: foreignWriters,
  'round-trips': roundTrips,
  names: namesBesidePushes,
  'oras-container': orasContainer,
  tls,
  logins,
  large: largeLayer,
  live: liveCopy,
};

/** Runs what the options name; the outcome is in `checks`. */
export async function runScenarios(options: InteropOptions, machine: Machine, checks: CheckList): Promise<void> {
  const server = await openServer(options, machine);
  try {
    const registry = new RegistryClient(server.host);
    const { tools, engine } = await openTools(machine, registry, checks, options.onlyTools);
    try {
      const lab: Lab = {
        checks,
        server,
        registry,
        tools,
        engine,
        images: new TestImages(join(machine.scratch, 'images'), await staticBusybox(machine, checks)),
        scratch: machine.scratch,
        largeBytes: options.largeMiB * 1024 ** 2,
        left: [],
        orasImage: options.orasImage,
        env: machine.env,
        executable: (name) => machine.executable(name),
        run: (command, args, cwd) => runClient(machine, command, args, cwd),
      };
      for (const [name, scenario] of Object.entries(scenarios)) {
        const wanted = options.onlyScenarios.length === 0 || options.onlyScenarios.includes(name);
        if (wanted) await scenario(lab);
      }
      const matrixWanted = options.onlyScenarios.length === 0 || options.onlyScenarios.includes('matrix');
      if (matrixWanted && options.url === undefined) {
        await runMatrix({ machine, engine, checks, full: options.full, only: options.onlyTools });
      }
    } finally {
      await engine?.stop();
    }
  } finally {
    await checks.check('moorage', 'stops on SIGTERM', async () => {
      const code = await server.stop();
      if (code === undefined) return 'not ours to stop';
      expectEqual(code, 0, 'the exit code');
      return undefined;
    });
  }
}

async function openServer({ url, root }: InteropOptions, machine: Machine): Promise<ServerUnderTest> {
  if (url !== undefined) return runningServer(url, root);
  const directory = root ?? join(machine.scratch, 'registry');
  await mkdir(directory, { recursive: true });
  return await OwnServer.start(projectFile('dist/main.js'), directory, join(machine.scratch, 'moorage.log'));
}

async function runClient(machine: Machine, command: string, args: readonly string[], cwd = machine.scratch) {
  const path = machine.executable(command);
  if (path === undefined) throw new Missing(`${command} is not installed`);
  return (await runCommand(path, args, { env: machine.env, cwd })).stdout;
}

/** The content of busybox; nothing when there is none, and then the containers cannot run. */
export async function staticBusybox(machine: Machine, checks: CheckList): Promise<Buffer> {
  const path = machine.executable('busybox');
  if (path !== undefined) return await readFile(path);
  await checks.check('busybox', 'is there', async () => {
    throw new Missing('not installed (Debian: busybox-static)');
  });
  return Buffer.alloc(0);
}
