// Requests over every route, with everything that a client could put into them.
import { createHash } from 'node:crypto';
import { routes } from '../../src/http/routes.ts';
import type { Draws } from '../support/draws.ts';
import type { Attack, Meant } from './attack.ts';
import { passwordOf, repositories, type Site, users } from './site.ts';

export interface Credential {
  readonly header: string | undefined;
  /** Whom it stands for; undefined: nobody in particular. */
  readonly user: string | undefined;
  /** False for what is wrong, or for less than its user may. */
  readonly isWhole: boolean;
}

const odd = [
  ...[
    '..',
    '%2e%2e',
    '%2E%2E%2F',
    '...',
    '.',
    '%00',
    '%ff',
    '%',
    '%zz',
    'A',
    'ü',
    '%C3%BC',
    ' ',
    '+',
    '@',
    ':',
    '\\',
    '%5c',
  ],
  ...[
    'a--b',
    'a__b',
    'a___b',
    '-a',
    'a-',
    '_catalog',
    'blobs',
    'uploads',
    'manifests',
    'tags',
    'index.json',
    'oci-layout',
  ],
  ...[
    '.moorage',
    'x'.repeat(300),
    'a/'.repeat(200),
    '%2f',
    '%252f',
    '~',
    '*',
    '?',
    '#',
    ';',
    "'",
    '"',
    '<script>',
    '{}',
    '__proto__',
  ],
];
const names = [...repositories, 'team/new1', 'team/new2', 'public/new', 'nowhere', 'team'];
const traversals = [
  ...[
    'team/../vault/keys',
    'team/%2e%2e/vault/keys',
    '../secret.json',
    '%2e%2e/secret.json',
    'team/app/../../vault/keys',
  ],
  ...[
    'team%2fapp',
    'team//app',
    '/team/app',
    'team/app/',
    'public/os/../../vault/keys',
    'team/app%00',
    'rooted',
    '../rooted',
  ],
];
const headers: readonly ((draws: Draws) => string)[] = [
  (draws) =>
    `Range: bytes=${draws.of(['0-0', '0-', '-1', '5-2', '0-1,3-4', '99999999999999999999-', 'x', '0-0,'.repeat(200)])}`,
  (draws) => `If-Match: ${draws.of(['*', '"x"', 'W/"x"', '""', '"'.repeat(50)])}`,
  (draws) => `If-None-Match: ${draws.of(['*', '"x"', ','])}`,
  (draws) => `Content-Range: ${draws.of(['0-10', '5-1', 'bytes 0-1/2', '18446744073709551616-1', 'x'])}`,
  (draws) =>
    `Accept: ${draws.of(['*/*', 'text/html', 'application/vnd.oci.image.manifest.v1+json', ';;;', 'a'.repeat(5_000)])}`,
  () => 'Expect: 100-continue',
  (draws) =>
    `Content-Type: ${draws.of(['application/vnd.oci.image.manifest.v1+json', 'text/plain', '', '/', 'a/b;'.repeat(100)])}`,
];
/** After which it is no longer certain that a right lets in. */
const oddHeaders: readonly ((draws: Draws) => string)[] = [
  (draws) => `Origin: ${draws.of(['http://evil.example', 'null', 'http://127.0.0.1', 'x'])}`,
  (draws) => `X-Forwarded-For: ${draws.of(['127.0.0.1', '::1', '1.2.3.4, 5.6.7.8', '"', 'x'.repeat(1_000)])}`,
  () => 'X-Forwarded-Proto: https',
  (draws) => `Sec-Fetch-Site: ${draws.of(['cross-site', 'same-origin', 'none'])}`,
  (draws) =>
    `X-${draws.of(['A', 'Original-URL', 'Rewrite-URL', 'HTTP-Method-Override'])}: ${draws.of(['/v2/vault/keys/tags/list', 'DELETE', 'x'])}`,
];

export function grammarAttack(draws: Draws, site: Site, { header, user, isWhole }: Credential): Attack {
  const [method, pattern, action] = draws.of(routes);
  const isOddName = draws.chance(0.15);
  const name = isOddName ? draws.of([...odd, ...traversals]) : draws.of(names);
  let isOddPart = false;
  const path = pattern.replace(/:(\w+)/g, (_, key: string) => {
    // Below `/api/` its slashes are encoded: written as they are they make another route of it.
    if (key === 'name') return pattern.startsWith('/api/') && !isOddName ? encodeURIComponent(name) : name;
    // It may make another route of it: `blobs/uploads`.
    const isOdd = draws.chance(0.1);
    isOddPart ||= isOdd;
    return isOdd ? draws.of(odd) : partOf(draws, key, site);
  });
  const sentMethod = draws.chance(0.03)
    ? draws.of(['OPTIONS', 'TRACE', 'PROPFIND', 'POST', 'DELETE', 'PUT'])
    : String(method);
  const query = draws.chance(0.4) ? `?${queryOf(draws, site)}` : '';
  const body = ['PUT', 'POST', 'PATCH'].includes(sentMethod) ? bodyOf(draws, site) : Buffer.alloc(0);
  const isOdd = draws.chance(0.1);
  const lines = [
    `${sentMethod} ${path}${query} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(header === undefined ? [] : [`Authorization: ${header}`]),
    ...(draws.chance(0.5) ? [draws.of(headers)(draws)] : []),
    ...(isOdd ? [draws.of(oddHeaders)(draws)] : []),
    ...(body.length > 0 || draws.chance(0.5) ? [`Content-Length: ${body.length}`] : []),
  ];
  const isCertain =
    !isOddName && !isOddPart && pattern.includes(':name') && sentMethod === method && !/[?&]ns=/.test(query);
  const isRight = action === 'pull' || action === 'push' || action === 'delete';
  const mustBeLetIn = isWhole && !isOdd && !query.includes('from=') && !query.includes('mount=');
  const meant: Meant | undefined = isCertain && isRight ? { user, action, repository: name, mustBeLetIn } : undefined;
  const bytes = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
  return { bytes, isHead: sentMethod === 'HEAD', meant, shownBy: user };
}

function partOf(draws: Draws, key: string, site: Site): string {
  switch (key) {
    case 'digest':
      return digestOf(draws, site);
    case 'reference':
      return draws.chance(0.5)
        ? draws.of(['v1', 'latest', 'new', 'sha256-x', '_x', 'a'.repeat(129)])
        : digestOf(draws, site);
    case 'tag':
      return draws.of(['v1', 'none']);
    default:
      return draws.of(['00000000-0000-4000-8000-000000000000', '0', 'x-y']);
  }
}

function digestOf(draws: Draws, { digests }: Site): string {
  const all = [...digests.values()].flat();
  return draws.of([
    ...all,
    `sha256:${'0'.repeat(64)}`,
    `sha512:${'0'.repeat(128)}`,
    'sha256:x',
    'md5:0',
    'sha256:',
    ':',
    `sha256:${'A'.repeat(64)}`,
  ]);
}

function queryOf(draws: Draws, site: Site): string {
  const one = () =>
    draws.of([
      () => `digest=${digestOf(draws, site)}`,
      () => `mount=${digestOf(draws, site)}&from=${draws.of([...names, ...traversals])}`,
      () => `mount=${digestOf(draws, site)}`,
      () => `n=${draws.of(['0', '1', '-1', '99999999999999999999', 'x', '1e3'])}`,
      () => `last=${draws.of([...odd, ...names])}`,
      () => `ns=${draws.of(['docker.io', 'vault', '../vault', 'a'.repeat(400), 'localhost:5000'])}`,
      () => `tag=${draws.of(['v1', 'new', ...odd])}`,
      () => `artifactType=${draws.of(['a/b', '', 'a+b', ...odd])}`,
      () => `digest-algorithm=${draws.of(['sha256', 'sha512', 'md5', ''])}`,
      () =>
        `scope=${draws.of(['repository:vault/keys:pull', 'registry:catalog:*', ':::', 'repository:a:*'])}&service=${draws.of(['moorage', 'x'])}`,
      () => draws.of(['__proto__=1', 'a[]=1', '%', '&&&', '=', 'x'.repeat(2_000)]),
    ])();
  return Array.from({ length: 1 + draws.below(3) }, one)
    .join('&')
    .replaceAll(' ', '%20')
    .replaceAll('#', '%23');
}

/** Few different ones: what is pushed stays, and must not fill the disk. */
function bodyOf(draws: Draws, { digests }: Site): Buffer {
  const [manifest = '', config = '', layer = ''] = draws.of([...digests.values()]);
  return Buffer.from(
    draws.of([
      '',
      'x'.repeat(1 + draws.below(3)),
      '{}',
      '{"schemaVersion":2',
      `{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"${config}","size":1},"layers":[]}`,
      `{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"${manifest}","size":2}]}`,
      `{"schemaVersion":2,"subject":{"digest":"${layer}","size":3},"layers":[],"config":{"digest":"${config}","size":-1}}`,
      '['.repeat(3_000),
      '{"a":'.repeat(500),
      'grant_type=password&username=puller&password=x&scope=repository:vault/keys:pull',
      `grant_type=refresh_token&refresh_token=${'x'.repeat(100)}`,
    ]),
  );
}

export function credentialOf(draws: Draws, tokens: ReadonlyMap<string | undefined, string>): Credential {
  const user = draws.chance(0.1) ? undefined : draws.of(users);
  const nothing = { header: undefined, user: undefined, isWhole: true };
  if (draws.chance(0.15)) return nothing;
  const token = tokens.get(user) ?? '';
  // Seldom: each of them waits, as it must.
  if (draws.chance(0.0005)) return { header: basic(user ?? 'nobody', 'wrong'), user: undefined, isWhole: false };
  if (draws.chance(0.15)) return { header: `Bearer ${broken(draws, token)}`, user: undefined, isWhole: false };
  if (draws.chance(0.05)) return { header: draws.of(oddCredentials), user: undefined, isWhole: false };
  if (user === undefined) return { header: `Bearer ${token}`, user, isWhole: true };
  return { header: draws.chance(0.4) ? basic(user, passwordOf(user)) : `Bearer ${token}`, user, isWhole: true };
}

const oddCredentials = [
  ...[
    'Basic',
    'Basic !',
    'Basic Og==',
    'Bearer',
    'Bearer ',
    'Digest x',
    'bEaReR x.y.z',
    'Basic eA==',
    'Negotiate x',
    '\t',
  ],
  ...[
    `Bearer ${'x'.repeat(20_000)}`,
    `Basic ${'A'.repeat(20_000)}`,
    'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJwdXNoZXIifQ.',
  ],
];

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A token with one byte changed, a part of another, or none of its parts as they were. */
function broken(draws: Draws, token: string): string {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const claims = { sub: 'pusher', kind: 'user', access: [{ type: 'repository', name: 'vault/keys', actions: ['*'] }] };
  const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return draws.of([
    `${head}.${forged}.${signature}`,
    `${head}.${payload}.${createHash('sha256').update(payload).digest('base64url')}`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
    `${head}.${payload}`,
    `${head}.${payload}.${signature.slice(1)}`,
    token.slice(0, draws.below(Math.max(1, token.length))),
  ]);
}
