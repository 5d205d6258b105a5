// The credentials that `docker login` and `podman login` left on this machine, as a CredentialSource.

import { isError } from '../oci/is-error.ts';
import { credentialsFromHelper } from './credential-helper.ts';
import type { CredentialSource, Credentials, FoundCredentials } from './credentials.ts';
import { credentialFiles, type DockerConfig, entryFor, helperFor, parseDockerConfig } from './docker-config.ts';

export interface LoginOptions {
  /** HOME, DOCKER_CONFIG, XDG_RUNTIME_DIR, and PATH for the helpers. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly helperTimeoutMs: number;
  /** Undefined when there is no such file. */
  readonly readText: (path: string) => string | undefined;
}

/** The first file that has some wins. A file or helper that fails is no obstacle to a public registry: it is said when we are refused. */
export function loginCredentials(options: LoginOptions): CredentialSource {
  return async (host, name) => {
    const problems: string[] = [];
    for (const path of credentialFiles(options.environment)) {
      const { credentials, problem } = await fromFile(path, host, name, options);
      if (credentials !== undefined) return { credentials, problem: undefined };
      if (problem !== undefined) problems.push(problem);
    }
    return { credentials: undefined, problem: problems.length === 0 ? undefined : problems.join('; ') };
  };
}

async function fromFile(path: string, host: string, name: string, options: LoginOptions): Promise<FoundCredentials> {
  try {
    const text = options.readText(path);
    const credentials = text === undefined ? undefined : await fromConfig(parseDockerConfig(text), host, name, options);
    return { credentials, problem: undefined };
  } catch (error) {
    const why = isError(error) ? error.message : String(error);
    return { credentials: undefined, problem: `credentials of ${path} are not used: ${firstLine(why)}` };
  }
}

/** A helper is in charge of all of its registry: docker leaves empty entries in `auths` then. */
async function fromConfig(
  config: DockerConfig,
  host: string,
  name: string,
  { environment, helperTimeoutMs }: LoginOptions,
): Promise<Credentials | undefined> {
  const inCharge = helperFor(config, host);
  const stored = entryFor(config, host, name);
  if (inCharge === undefined) return stored;
  const { helper, server } = inCharge;
  return (await credentialsFromHelper(helper, server, { timeoutMs: helperTimeoutMs, environment })) ?? stored;
}

/** The schema's own messages have many. */
function firstLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}
