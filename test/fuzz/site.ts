// What is attacked: users with rights, repositories whose every byte says whose they are, and files outside of the root that nobody may see.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';

export type Right = 'pull' | 'push' | 'delete' | 'create';

/** What each user holds in `team/...`, beside what anybody may. Nobody may anything in `vault/...`. */
export const holds: Readonly<Record<string, readonly Right[]>> = {
  puller: ['pull'],
  pusher: ['pull', 'push'],
  creator: ['pull', 'create'],
  deleter: ['pull', 'delete'],
  stranger: [],
};

export const users = Object.keys(holds);
export const passwordOf = (user: string) => `planted-password-of-${user}`;

/** The model: what somebody (undefined: anybody) may do in a repository. */
export function mayDo(user: string | undefined, action: 'pull' | 'push' | 'delete', repository: string): boolean {
  if (repository.startsWith('public/') && action === 'pull') return true;
  const held = user !== undefined && /^team\/[^/]+$/.test(repository) ? (holds[user] ?? []) : [];
  return held.includes(action) || (action === 'push' && held.includes('create'));
}

/** In the content of every repository, so that an answer says what was read. */
export const markOf = (repository: string) => `mark-of-${repository}-mark`;
export const outsideMark = 'mark-of-outside-mark';
export const repositories = ['team/app', 'team/lib', 'public/os', 'vault/keys', 'team/deep/app'] as const;

export interface Site {
  readonly root: string;
  /** Holds the root and the files beside it. */
  readonly around: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Digests of manifests, configs and layers, of each repository. */
  readonly digests: ReadonlyMap<string, readonly string[]>;
}

export function makeSite(around: string): Site {
  const root = join(around, 'root');
  mkdirSync(root);
  writeFileSync(join(around, 'secret.json'), outsideMark);
  mkdirSync(join(around, 'rooted'));
  writeFileSync(join(around, 'rooted', 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [], outsideMark }));
  const htpasswd = join(around, 'users');
  writeFileSync(htpasswd, users.map((user) => `${user}:${hashSync(passwordOf(user), 4)}\n`).join(''));
  const access = [
    ...Object.entries(holds).flatMap(([who, may]) => (may.length === 0 ? [] : [{ repositories: 'team/*', who, may }])),
    { repositories: 'public/**', who: 'anonymous', may: 'pull' },
  ];
  return {
    root,
    around,
    environment: {
      MOORAGE_AUTH_HTPASSWD: htpasswd,
      MOORAGE_ACCESS: JSON.stringify(access),
      MOORAGE_LIMITS_UPLOADS: '50',
      MOORAGE_LIMITS_UNFINISHED: '64MiB',
      MOORAGE_QUOTA: JSON.stringify({ '/': '256MiB' }),
      MOORAGE_LOG_REQUESTS: 'true',
    },
    digests: new Map(repositories.map((repository) => [repository, fill(root, repository)])),
  };
}

/** As any tool writes a layout. Returns the digests of what is in it. */
function fill(root: string, repository: string): readonly string[] {
  const directory = join(root, repository);
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  const put = (text: string) => {
    const hex = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(directory, 'blobs', 'sha256', hex), text);
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
  };
  const layer = put(`${markOf(repository)} layer`);
  const config = put(JSON.stringify({ mark: markOf(repository) }));
  const manifest = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
      annotations: { mark: markOf(repository) },
    }),
  );
  const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest };
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, annotations }] }),
  );
  return [manifest.digest, config.digest, layer.digest];
}

/** Every file below a directory with its digest. */
export function filesBelow(directory: string): ReadonlyMap<string, string> {
  const names = readdirSync(directory, { recursive: true }).map(String).sort();
  return new Map(
    names.flatMap((name) => {
      const path = join(directory, name);
      return statSync(path).isFile() ? [[name, createHash('sha256').update(readFileSync(path)).digest('hex')]] : [];
    }),
  );
}
