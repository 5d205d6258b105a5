// What `moorage tls init` prints: the files, how to serve with them, and what each client needs to trust the CA.
import { join } from 'node:path';
import { hostInUrl } from '../config/listen-address.ts';
import { printableText } from '../oci/printable-text.ts';
import { orasFlag } from './client-address.ts';

export interface TlsInitFacts {
  /** Absolute. */
  readonly directory: string;
  readonly isNewAuthority: boolean;
  readonly isNewKey: boolean;
  /** At least one. */
  readonly names: readonly string[];
  readonly untilMs: number;
  readonly port: number;
}

export function tlsInitText({ directory, isNewAuthority, isNewKey, names, untilMs, port }: TlsInitFacts): string {
  const at = (name: string) => shellWord(join(directory, name));
  const ca = at('ca.crt');
  const host = `${hostInUrl(names.find((name) => !name.includes('*')) ?? names[0]?.replace('*', 'registry') ?? 'localhost')}:${port}`;
  const kept = (isNew: boolean) => (isNew ? '' : ' (as it was)');
  const lines = [
    `${printableText(join(directory, 'ca.crt'))}${kept(isNewAuthority)}   the CA: clients that trust it trust this server`,
    `${printableText(join(directory, 'ca.key'))}${kept(isNewAuthority)}   signs further certificates: keep it secret`,
    `${printableText(join(directory, 'server.crt'))}   for ${names.join(', ')}; until ${new Date(untilMs).toISOString().slice(0, 10)}`,
    `${printableText(join(directory, 'server.key'))}${kept(isNewKey)}`,
    '',
    'serve',
    `  MOORAGE_SERVER_TLS_CERTIFICATE=${at('server.crt')} \\`,
    `  MOORAGE_SERVER_TLS_KEY=${at('server.key')} moorage serve --listen :${port}`,
    '',
    'docker',
    ...copied(`/etc/docker/certs.d/${host}`, ca),
    'podman, skopeo, buildah',
    ...copied(`/etc/containers/certs.d/${host}`, ca),
    `containerd, in /etc/containerd/certs.d/${host}/hosts.toml`,
    `  server = "https://${host}"`,
    `  [host."https://${host}"]`,
    `    ca = ${JSON.stringify(join(directory, 'ca.crt'))}`,
    'k3s, in /etc/rancher/k3s/registries.yaml',
    '  configs:',
    `    "${host}":`,
    `      tls: { ca_file: ${JSON.stringify(join(directory, 'ca.crt'))} }`,
    'oras',
    `  oras pull${orasFlag('https', host.startsWith('localhost:'))} --ca-file ${ca} ${host}/team/app:v1`,
    'helm',
    `  helm pull --ca-file ${ca} oci://${host}/charts/app`,
    'crane, cosign',
    `  SSL_CERT_FILE=${ca} crane pull ${host}/team/app:v1 app.tar`,
    'curl',
    `  curl --cacert ${ca} https://${host}/v2/`,
    'moorage itself',
    `  NODE_EXTRA_CA_CERTS=${ca} moorage ls https://${host}`,
    '',
    'Elsewhere than on this machine, with a copy of ca.crt.',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function copied(to: string, ca: string): readonly string[] {
  return [`  mkdir -p ${shellWord(to)} && cp ${ca} ${shellWord(`${to}/ca.crt`)}`];
}

/** In quotes where a shell would read more than a word. */
function shellWord(text: string): string {
  const printable = printableText(text);
  return /^[\w@%+=:,./-]+$/.test(printable) ? printable : `'${printable.replaceAll("'", "'\\''")}'`;
}
