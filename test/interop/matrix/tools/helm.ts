// helm: charts go through the registry; it has no command for layouts.

import { mkdir, writeFile } from 'node:fs/promises';
import { expectIncludes } from '../../expect.ts';
import type { MatrixTool, OpenMatrixTool } from '../matrix-tool.ts';

const cannot = 'helm pushes and pulls charts over HTTP (checked by the run); it has no command for layouts';

export const helm: MatrixTool = {
  name: 'helm',
  commands: ['helm'],
  needsRoot: false,
  full: true,
  async open(bench): Promise<OpenMatrixTool> {
    const run = (...args: string[]) => bench.run('helm', args);
    const chart = `${bench.directory}/matrix-chart`;
    await mkdir(chart, { recursive: true });
    await writeFile(`${chart}/Chart.yaml`, 'apiVersion: v2\nname: matrix-chart\nversion: 1.0.0\n');
    await run('package', chart, '--destination', bench.directory);
    await run('push', '--plain-http', `${bench.directory}/matrix-chart-1.0.0.tgz`, `oci://${bench.host}/charts`);
    await mkdir(`${bench.directory}/pulled`);
    await run(
      'pull',
      '--plain-http',
      `oci://${bench.host}/charts/matrix-chart`,
      '--version',
      '1.0.0',
      '--destination',
      `${bench.directory}/pulled`,
    );
    const shown = await run('show', 'chart', '--plain-http', `oci://${bench.host}/charts/matrix-chart`);
    expectIncludes(shown.split('\n'), 'name: matrix-chart', 'the chart that was pulled');
    const none = { image: { cannot }, index: { cannot }, referrers: { cannot }, names: { cannot } };
    return {
      version: await bench.version('helm', () => run('version', '--short')),
      writes: none,
      reads: none,
      close: async () => {},
    };
  },
};
