// Every tool of the matrix, in the order in which they run.

import type { MatrixTool } from '../matrix-tool.ts';
import { buildah } from './buildah.ts';
import { buildkit } from './buildkit.ts';
import { buildx } from './buildx.ts';
import { ctr, ctr2 } from './containerd.ts';
import { cosign } from './cosign.ts';
import { crane } from './crane.ts';
import { docker, docker29 } from './docker.ts';
import { helm } from './helm.ts';
import { notation } from './notation.ts';
import { olareg } from './olareg.ts';
import { oras } from './oras.ts';
import { podman } from './podman.ts';
import { regctl } from './regctl.ts';
import { skopeo } from './skopeo.ts';
import { umoci } from './umoci.ts';
import { zot } from './zot.ts';

export const matrixTools: readonly MatrixTool[] = [
  oras,
  regctl,
  olareg,
  crane,
  skopeo,
  podman,
  buildah,
  umoci,
  ctr,
  docker,
  notation,
  ctr2,
  docker29,
  buildkit,
  buildx,
  cosign,
  zot,
  helm,
];
