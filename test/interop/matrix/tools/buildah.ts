// buildah: pushes to and pulls from the transports of containers/image.

import type { MatrixTool } from '../matrix-tool.ts';
import { openContainerTool } from './container-tool.ts';

export const buildah: MatrixTool = {
  name: 'buildah',
  commands: ['buildah'],
  needsRoot: true,
  full: false,
  open: async (bench) =>
    await openContainerTool(bench, {
      name: 'buildah',
      flags: [],
      saves: [
        { how: 'push oci:', extension: '', args: (image, path) => ['push', '--quiet', image, `oci:${path}:v1`] },
        {
          how: 'push oci-archive:',
          extension: '.tar',
          args: (image, path) => ['push', '--quiet', image, `oci-archive:${path}:v1`],
        },
      ],
      saveNames: undefined,
      load: undefined,
    }),
};
