// podman: saves and loads archives, pulls from layouts.

import type { MatrixTool } from '../matrix-tool.ts';
import { openContainerTool } from './container-tool.ts';

export const podman: MatrixTool = {
  name: 'podman',
  commands: ['podman'],
  needsRoot: true,
  full: false,
  open: async (bench) =>
    await openContainerTool(bench, {
      name: 'podman',
      flags: ['--cgroup-manager=cgroupfs', '--events-backend=none'],
      saves: [
        { how: 'save oci-archive', extension: '.tar', args: saveArgs('oci-archive') },
        { how: 'save oci-dir', extension: '', args: saveArgs('oci-dir') },
        { how: 'save docker-archive', extension: '.tar', args: saveArgs('docker-archive') },
      ],
      saveNames: {
        how: 'save -m docker-archive',
        args: (images, path) => ['save', '-m', '--format', 'docker-archive', '-o', path, ...images],
      },
      load: (path) => ['load', '-i', path],
    }),
};

function saveArgs(format: string): (image: string, path: string) => string[] {
  return (image, path) => ['save', '--quiet', '--format', format, '-o', path, image];
}
