// The command line of `npm run conformance`, and the environment that may stand in for it.
import { parseArgs } from 'node:util';

export const usage = `Usage: npm run conformance [-- OPTIONS]

Checks a registry against the OCI distribution spec. Without --url it starts moorage itself, on a fresh directory, and
runs everything three times: twice on that directory, and once more after a restart, with two workers.

  --url URL         another registry, e.g. http://127.0.0.1:5000; everything once, optional features may skip
  --strict          with --url: the registry is a moorage, nothing may skip and every chosen answer counts
  --users           the official suites alone, on a moorage that asks who comes: by Basic, by tokens that are kept and that
                    are not, and where anonymous may pull
  --filter TEXT     only own checks whose section, id or name contains TEXT, once; no official suite
  --patient         with --url: also the checks that wait for the server to drop stalled clients (minutes)
  --namespace NAME  first component of every repository name (default: conformance)
  --suite PATH      binary of the official suite of the spec's main branch
  --suite-v1 PATH   binary of the official suite of the released spec (v1.1.1)
  --json FILE       every result as JSON
  --save            keep what the official suites wrote in conformance/results/
  --list            print the checks and stop
  --help            this text

Environment: MOORAGE_SUITE and MOORAGE_SUITE_V1 name the binaries; MOORAGE_SUITE_IMAGE and MOORAGE_SUITE_V1_IMAGE name
the suites' published container images, used where docker or podman can pull them.`;

export interface Arguments {
  readonly url: string | undefined;
  readonly strict: boolean;
  readonly users: boolean;
  readonly filter: string | undefined;
  readonly patient: boolean;
  readonly namespace: string;
  readonly suite: string | undefined;
  readonly suiteImage: string | undefined;
  readonly suiteV1: string | undefined;
  readonly suiteV1Image: string | undefined;
  readonly json: string | undefined;
  readonly save: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/** What was typed makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Throws UsageError. */
export function parseArguments(argv: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const values = parseOptions(argv);
  if (values.url !== undefined && !URL.canParse(values.url)) {
    throw new UsageError(`--url needs a URL such as http://127.0.0.1:5000, not "${values.url}"`);
  }
  if (values.users && (values.url !== undefined || values.filter !== undefined)) {
    throw new UsageError(
      '--users starts a moorage of its own and runs the official suites alone: leave out --url and --filter',
    );
  }
  return {
    url: values.url,
    strict: values.strict,
    users: values.users,
    filter: values.filter,
    patient: values.patient,
    namespace: values.namespace ?? 'conformance',
    suite: values.suite ?? given(env.MOORAGE_SUITE),
    suiteImage: given(env.MOORAGE_SUITE_IMAGE),
    suiteV1: values['suite-v1'] ?? given(env.MOORAGE_SUITE_V1),
    suiteV1Image: given(env.MOORAGE_SUITE_V1_IMAGE),
    json: values.json,
    save: values.save,
    list: values.list,
    help: values.help,
  };
}

function parseOptions(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const texts = { url: text, filter: text, namespace: text, suite: text, 'suite-v1': text, json: text };
  const flags = { strict: flag, users: flag, patient: flag, save: flag, list: flag, help: flag };
  try {
    return parseArgs({ args: [...argv], options: { ...texts, ...flags } }).values;
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : String(cause)}; see --help`, { cause });
  }
}

/** An empty variable is one that is not set. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
