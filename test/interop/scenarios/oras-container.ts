// oras from a container: its published image where one is named and can be pulled, else the pinned binary FROM scratch.

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Missing } from '../checks.ts';
import type { DockerEngine } from '../docker-engine.ts';
import { expectEqual } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { discoveredDigests } from '../tools/oras.ts';

const repository = 'interop/oras-container';

export const orasContainer: Scenario = async (lab) => {
  await lab.checks.check('oras in a container', 'push, attach, discover and pull', async () => {
    const { engine, registry } = lab;
    if (engine === undefined) throw new Missing('needs docker');
    const { image, origin } = await orasImage(lab, engine);
    const files = join(lab.scratch, 'oras-container');
    await mkdir(join(files, 'out'), { recursive: true });
    await writeFile(join(files, 'hello.txt'), 'hello from a container\n');
    await writeFile(join(files, 'sbom.txt'), 'sbom\n');
    const oras = (...args: string[]) =>
      engine.docker(['run', '--rm', '--network', 'host', '-v', `${files}:/work`, '-w', '/work', image, ...args]);
    const reference = registry.reference(repository, 'v1');
    await oras('push', '--plain-http', reference, 'hello.txt:text/plain');
    const type = 'application/vnd.example.sbom.v1';
    await oras('attach', '--plain-http', '--artifact-type', type, reference, 'sbom.txt:text/plain');
    const { stdout } = await oras('discover', '--plain-http', '--format', 'json', reference);
    const { digest } = await registry.manifest(repository, 'v1');
    const served = await registry.referrers(repository, digest);
    expectEqual(discoveredDigests(stdout).join(), served.join(), 'the referrers discovered');
    expectEqual(served.length, 1, 'the referrers served');
    await oras('pull', '--plain-http', '--output', 'out', reference);
    const pulled = await readFile(join(files, 'out', 'hello.txt'), 'utf8');
    expectEqual(pulled, 'hello from a container\n', 'the file pulled');
    return origin;
  });
};

async function orasImage(lab: Lab, engine: DockerEngine): Promise<{ image: string; origin: string }> {
  const published = lab.orasImage;
  const binary = lab.executable('oras');
  if (published !== undefined) {
    try {
      await engine.docker(['pull', published], { timeoutMs: 120_000 });
      return { image: published, origin: published };
    } catch (error) {
      if (binary === undefined) throw error;
    }
  }
  if (binary === undefined) throw new Missing('oras is not installed');
  const context = join(lab.scratch, 'oras-image');
  await mkdir(context, { recursive: true });
  await copyFile(binary, join(context, 'oras'));
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY oras /oras\nENTRYPOINT ["/oras"]\n');
  await engine.build(context, ['--tag', 'moorage-interop/oras']);
  const why = published === undefined ? '' : ` (${published} cannot be pulled)`;
  return { image: 'moorage-interop/oras', origin: `the pinned binary, FROM scratch${why}` };
}
