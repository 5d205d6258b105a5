// The command line of `npm run interop`.

import { parseArgs } from 'node:util';

export interface InteropOptions {
  /** A registry that already runs, instead of one of our own. */
  readonly url: string | undefined;
  /** The directory that registry serves. */
  readonly root: string | undefined;
  /** Where the pinned Go clients are. */
  readonly clients: string | undefined;
  readonly onlyTools: readonly string[];
  readonly onlyScenarios: readonly string[];
  readonly largeMiB: number;
  readonly orasImage: string | undefined;
  readonly containerImage: boolean;
  /** Also the tools of the matrix that take minutes to build. */
  readonly full: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm run interop -- [options]

Starts moorage and lets the real clients push to it and pull from it.

  --url URL          use a registry that runs already
  --root DIR         the directory it serves (else the checks of the directory are skipped)
  --clients DIR      where test/interop/install-clients.sh put the Go clients
  --tools LIST       only these: docker,podman,skopeo,buildah,oras,crane,regctl (the matrix: any of its rows)
  --scenarios LIST   only these: image,multi-arch,referrers,delete,large,resumed,partial,directory,foreign,round-trips,names,exports,live,logins,oras-container,tls,matrix
  --large MIB        size of the large layer (1024)
  --oras-image NAME  a published image of oras to pull (environment: MOORAGE_ORAS_IMAGE)
  --full             the matrix with the tools that take minutes to build, too (install-clients.sh --full)
  --container-image  build, run and push to our container image instead: by an engine, and without one
  --keep             keep the scratch directory
`;

/** Reads the arguments; what is not among the options above is an error. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): InteropOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      root: { type: 'string' },
      clients: { type: 'string' },
      tools: { type: 'string' },
      scenarios: { type: 'string' },
      large: { type: 'string', default: '1024' },
      'oras-image': { type: 'string' },
      'container-image': { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const list = (text: string | undefined) => (text === undefined ? [] : text.split(','));
  const named = env.MOORAGE_ORAS_IMAGE === '' ? undefined : env.MOORAGE_ORAS_IMAGE;
  return {
    url: values.url,
    root: values.root,
    clients: values.clients,
    onlyTools: list(values.tools),
    onlyScenarios: list(values.scenarios),
    largeMiB: Number(values.large),
    orasImage: values['oras-image'] ?? named,
    containerImage: values['container-image'],
    full: values.full,
    keep: values.keep,
    help: values.help,
  };
}
