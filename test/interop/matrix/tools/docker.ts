// docker, with an engine of the runner's own: what it saves has no index.json before release 25.

import { Missing } from '../../checks.ts';
import type { DockerEngine } from '../../docker-engine.ts';
import { expectEqual } from '../../expect.ts';
import { fullName, type TaggedContent } from '../contents.ts';
import { converted, type Expected, type MatrixTool, named, type Reader, type Writer } from '../matrix-tool.ts';

const onePlatform = 'the graph drivers of docker keep one platform of an index';
const noReferrers = 'docker before 29.1 knows no referrers';

export const docker: MatrixTool = {
  name: 'docker',
  commands: ['docker', 'dockerd'],
  needsRoot: true,
  full: false,
  async open(bench) {
    const { contents, reference } = bench;
    const engine = expectEngine(bench.engine);
    const run = async (...args: string[]) => (await engine.docker(args)).stdout.trim();
    const forget = async () => {
      const images = await run('image', 'ls', '--quiet', '--no-trunc');
      if (images !== '') await run('image', 'rm', '--force', ...new Set(images.split('\n')));
    };
    const saves = (
      from: readonly TaggedContent[],
      name: (content: TaggedContent) => string,
      expected: readonly Expected[],
    ): Writer => ({
      how: 'save',
      async write(target) {
        await forget();
        for (const content of from) {
          await run('pull', reference(content));
          if (name(content) !== reference(content)) await run('tag', reference(content), name(content));
        }
        await run('save', '--output', `${target}.tar`, ...from.map(name));
        return { path: `${target}.tar`, expected };
      },
    });
    const loads = (from: readonly TaggedContent[]): Reader => ({
      how: 'load of export --profile docker',
      async read() {
        await forget();
        await run('load', '--input', await bench.exportTo(`${bench.fresh('export')}.tar`, 'docker', from));
        for (const content of from) {
          expectEqual(
            await run('image', 'inspect', '--format', '{{.Id}}', reference(content)),
            content.config,
            'the image loaded',
          );
        }
        return `${from.length} images`;
      },
    });
    return {
      version: await run('version', '--format', '{{.Server.Version}}'),
      writes: {
        image: [saves([contents.image], reference, [converted(contents.image)])],
        index: { cannot: onePlatform },
        referrers: { cannot: noReferrers },
        names: [saves(contents.names, fullName, named(contents.names, converted))],
      },
      reads: {
        image: [loads([contents.image])],
        index: [loads([contents.index])],
        referrers: { cannot: noReferrers },
        names: [loads(contents.names)],
      },
      close: forget,
    };
  },
};

function expectEngine(engine: DockerEngine | undefined): DockerEngine {
  if (engine === undefined) throw new Missing('no engine');
  return engine;
}
