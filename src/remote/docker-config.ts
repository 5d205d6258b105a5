// The files in which `docker login` and `podman login` keep credentials: where they are, and which entry is for a repository.
import { join } from 'node:path';
import { z } from 'zod';
import type { Credentials } from './credentials.ts';
import { isDockerHub } from './registry-address.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const entry = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const file = z.looseObject({
  auths: z.record(z.string(), entry.nullable()).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

export type DockerConfig = z.output<typeof file>;
type AuthEntry = z.output<typeof entry>;

/** In the order in which they are asked. */
export function credentialFiles(environment: Variables): readonly string[] {
  const { DOCKER_CONFIG: dockerConfig, HOME: home, XDG_RUNTIME_DIR: runtime } = environment;
  const docker = dockerConfig || (home ? join(home, '.docker') : undefined);
  return [
    ...(docker ? [join(docker, 'config.json')] : []),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
  ];
}

/** Throws for what is no such file. */
export function parseDockerConfig(text: string): DockerConfig {
  return file.parse(JSON.parse(text));
}

/** The keys under which credentials may stand: podman has them for parts of a registry too; the longest comes first. */
function keysOf(host: string, name: string): string[] {
  const components = name === '' ? [] : name.split('/');
  const below = components.map((_, at) => [host, ...components.slice(0, components.length - at)].join('/'));
  return [...below, host, ...(isDockerHub(host) ? ['index.docker.io', 'docker.io', 'registry-1.docker.io'] : [])];
}

export function entryFor({ auths }: DockerConfig, host: string, name: string): Credentials | undefined {
  const byKey = new Map(Object.entries(auths ?? {}).map(([key, value]) => [withoutScheme(key), value]));
  for (const key of keysOf(host, name)) {
    const credentials = credentialsOf(byKey.get(key) ?? {});
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** The credential helper in charge, and the name that it knows the registry by. */
export function helperFor(
  config: DockerConfig,
  host: string,
): { readonly helper: string; readonly server: string } | undefined {
  // docker stores Docker Hub under the URL of its first API.
  const server = isDockerHub(host) ? 'https://index.docker.io/v1/' : host;
  const own = [server, ...keysOf(host, '')]
    .map((key) => config.credHelpers?.[key])
    .find((helper) => helper !== undefined);
  const helper = own ?? config.credsStore ?? '';
  return helper === '' ? undefined : { helper, server };
}

/** Old files have URLs: `https://index.docker.io/v1/`. */
function withoutScheme(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
}

function credentialsOf(stored: AuthEntry): Credentials | undefined {
  if (stored.registrytoken) return { kind: 'registry-token', token: stored.registrytoken };
  if (stored.identitytoken) return { kind: 'identity-token', token: stored.identitytoken };
  const decoded = Buffer.from(stored.auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const username = colon < 0 ? stored.username : decoded.slice(0, colon);
  // docker pads some with NUL.
  const password = colon < 0 ? stored.password : decoded.slice(colon + 1).replace(/\0+$/, '');
  return username && password !== undefined ? { kind: 'password', username, password } : undefined;
}
