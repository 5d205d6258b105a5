// What `moorage serve` prints when it is ready: where it listens, where it stores, and commands to paste.
import { everyInterface, hostInUrl, hostToType, isLoopback, urlOf } from '../config/listen-address.ts';
import { printableText } from '../oci/printable-text.ts';
import { type ClientAddress, clientAddressOf, type NamedByCertificate } from './client-address.ts';

export interface ServedMount {
  /** '' where repositories keep their names. */
  readonly name: string;
  /** Absolute; '' when everything is in memory. */
  readonly path: string;
  readonly kind: 'root' | 'layout' | 'archive';
  readonly readOnly: boolean;
  /** Of a directory: how many are served of those in it. None unless given. */
  readonly archives?: number;
}

export interface BannerFacts {
  readonly version: string;
  /** As configured: a name or an address. */
  readonly host: string;
  /** The one that was opened. */
  readonly port: number;
  /** Undefined: plain HTTP. */
  readonly tls: NamedByCertificate | undefined;
  readonly mounts: readonly ServedMount[];
  readonly readOnly: boolean;
  /** False: everybody may do everything. */
  readonly asksWhoIsThere: boolean;
}

interface Facts extends BannerFacts {
  readonly clients: ClientAddress;
}

export function banner(given: BannerFacts): string {
  const facts = { ...given, clients: clientAddressOf(given, given.tls) };
  // Also where nothing that is served can be written to: archives, and directories of somebody else.
  const allReadOnly = facts.readOnly || facts.mounts.every(({ readOnly }) => readOnly);
  const mode = allReadOnly ? 'read-only' : 'read and write';
  const elsewhere = facts.host === everyInterface ? ' and every other address of this machine' : '';
  const lines = [
    `moorage ${facts.version}`,
    '',
    `  address   ${addressOf(facts)}${elsewhere} (${mode}, ${facts.asksWhoIsThere ? 'for those who may' : 'no authentication'})`,
    ...facts.mounts.map((mount, at) => `  ${at === 0 ? 'storage' : '       '}   ${describe(mount, allReadOnly)}`),
    '',
    ...exposure({ ...facts, readOnly: allReadOnly }),
    ...dockerNeeds(facts),
    ...commands(facts),
    '  stop with Ctrl-C',
    // What is served follows, once it was looked at.
    '',
    '',
  ];
  return lines.join('\n');
}

/** A certificate has names, and clients must come by one of them. */
function addressOf({ host, port, clients: { scheme, authority } }: Facts): string {
  return scheme === 'https' ? `https://${authority}` : urlOf({ host, port });
}

function describe(mount: ServedMount, allReadOnly: boolean): string {
  const { name, path, readOnly } = mount;
  if (path === '') return 'in memory: all of it is gone when moorage stops';
  const mode = readOnly && !allReadOnly ? ', read-only' : '';
  return `${printableText(path)} (${whatIsThere(mount)}${mode})${name === '' ? '' : ` as ${name}`}`;
}

function whatIsThere({ kind, readOnly, archives = 0 }: ServedMount): string {
  if (kind === 'layout') return 'an OCI image layout';
  if (kind === 'archive') return 'an archive';
  const layouts = 'one OCI image layout per repository';
  if (archives === 0) return layouts;
  const counted = `${archives} ${archives === 1 ? 'archive' : 'archives'}`;
  return readOnly ? counted : `${layouts}, and ${counted}`;
}

function exposure({ host, readOnly, asksWhoIsThere, clients }: Facts): string[] {
  if (isLoopback(host)) return [];
  if (asksWhoIsThere) return clients.scheme === 'https' ? [] : plainPasswords;
  const danger = readOnly ? 'pull everything in it' : 'push, overwrite and delete';
  return [
    `  !! WARNING: this registry listens beyond this machine (${host === everyInterface ? 'every interface' : host}) and asks nobody who they are.`,
    `  !! Whoever can connect can ${danger}. Listen on 127.0.0.1, or let only a proxy that authenticates reach it.`,
    '',
  ];
}

const plainPasswords = [
  '  !! WARNING: passwords and tokens cross the network as plain text.',
  '  !! Serve HTTPS (moorage tls init), or let only a proxy that does reach this registry.',
  '',
];

/** No flag tells docker that plain HTTP is meant, or whose certificates to trust. It takes plain HTTP from the loopback by itself. */
function dockerNeeds(facts: Facts): string[] {
  const { scheme, authority } = facts.clients;
  if (scheme === 'https')
    return [`  a CA of your own is told to docker by a copy in /etc/docker/certs.d/${authority}/ca.crt`, ''];
  const host = hostToType(facts.host);
  if (isLoopback(host)) return [];
  const configured = `{"insecure-registries": ["${hostInUrl(host)}:${facts.port}"]}`;
  return [`  plain HTTP is told to docker by ${configured} in /etc/docker/daemon.json`, ''];
}

function commands(facts: Facts): string[] {
  const { authority, scheme, isLocalhost, orasFlag } = facts.clients;
  const image = `${authority}/team/app:v1`;
  // docker, oras and crane take plain HTTP from localhost by themselves, skopeo from nowhere; oras and crane want to be told elsewhere.
  const insecure = scheme === 'https' || isLocalhost ? '' : ' --insecure';
  const skopeo = (side: 'dest' | 'src') => `skopeo copy${scheme === 'https' ? '' : ` --${side}-tls-verify=false`}`;
  const push = [
    '  push',
    `    docker tag app:v1 ${image} && docker push ${image}`,
    `    oras push${orasFlag} ${image} notes.txt`,
    `    ${skopeo('dest')} docker-archive:app.tar docker://${image}`,
    `    crane push${insecure} app.tar ${image}`,
    '',
  ];
  const pull = [
    '  pull',
    `    docker pull ${image}`,
    `    oras pull${orasFlag} ${image}`,
    `    ${skopeo('src')} docker://${image} docker-archive:app.tar:app:v1`,
    `    crane pull${insecure} ${image} app.tar`,
    '',
  ];
  if (facts.mounts.every(({ readOnly }) => readOnly)) return [];
  // Where something is served already, its own names follow; what is pushed goes below the root, or below a mount.
  const isOwn = facts.mounts.length === 1 && facts.mounts[0]?.name === '';
  return isOwn ? [...push, ...pull] : [];
}
