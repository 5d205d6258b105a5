// What to paste to get an image from here.
import { imageName } from './route.ts';

export interface PullCommand {
  readonly client: string;
  readonly command: string;
}

export interface PulledFrom {
  /** As the browser has it, with its port. */
  readonly host: string;
  readonly isPlainHttp: boolean;
}

const chart = 'application/vnd.cncf.helm.config.v1+json';

/** Of an image or, by the media type of its config, of a chart. Docker and podman take plain HTTP from localhost without being told. */
export function pullCommands(
  name: string,
  reference: string,
  { host, isPlainHttp }: PulledFrom,
  configType = '',
): readonly PullCommand[] {
  const image = `${host}/${imageName(name, reference)}`;
  const plain = (flag: string) => (isPlainHttp ? ` ${flag}` : '');
  if (configType === chart) {
    const version = reference.includes(':') ? '' : ` --version ${reference.replaceAll('_', '+')}`;
    return [
      { client: 'helm', command: `helm pull oci://${host}/${name}${version}${plain('--plain-http')}` },
      { client: 'oras', command: `oras pull ${image}${plain('--plain-http')}` },
    ];
  }
  return [
    { client: 'docker', command: `docker pull ${image}` },
    { client: 'podman', command: `podman pull ${image}${plain('--tls-verify=false')}` },
    { client: 'oras', command: `oras pull ${image}${plain('--plain-http')}` },
    { client: 'skopeo', command: `skopeo copy docker://${image} oci:image:latest${plain('--src-tls-verify=false')}` },
    { client: 'crane', command: `crane pull ${image} image.tar${plain('--insecure')}` },
    { client: 'containerd', command: `ctr images pull ${image}${plain('--plain-http')}` },
  ];
}
