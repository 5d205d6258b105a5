// Where a registry is: the host that a person writes, and the URL that is asked.

export interface RegistryAddress {
  /** As in an image reference: `localhost:5000`, `docker.io`. */
  readonly host: string;
  readonly url: URL;
}

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** True for `HOST`, `HOST:PORT` and `[IPv6]:PORT`. */
export function isRegistryHost(text: string): boolean {
  return hostPattern.test(text) && URL.canParse(`http://${text}/`);
}

/** `host` is a registry host. Plain HTTP goes to this machine, as docker and the others do it, and where it is asked for. */
export function registryAddress(host: string, { plainHttp }: { readonly plainHttp: boolean }): RegistryAddress {
  const asked = isDockerHub(host) ? 'registry-1.docker.io' : host;
  return { host, url: new URL(`${plainHttp || isThisMachine(host) ? 'http' : 'https'}://${asked}/`) };
}

/** Docker Hub has three names, and the one in references is not the one that answers. */
export function isDockerHub(host: string): boolean {
  return host === 'docker.io' || host === 'index.docker.io' || host === 'registry-1.docker.io';
}

function isThisMachine(host: string): boolean {
  const { hostname } = new URL(`http://${host}/`);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
