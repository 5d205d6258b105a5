// Where a registry is: the host that a person writes, and the URL that is asked.

export interface RegistryAddress {
  /** As in an image reference: `localhost:5000`, `docker.io`. */
  readonly host: string;
  readonly url: URL;
}

/**
 * `host` is a registry host. Without a scheme plain HTTP goes to this machine only, as docker and the others do it: nothing is
 * tried over HTTPS first.
 */
export function registryAddress(host: string, scheme: 'http' | 'https' | undefined): RegistryAddress {
  const asked = isDockerHub(host) ? 'registry-1.docker.io' : host;
  return { host, url: new URL(`${scheme ?? (isThisMachine(host) ? 'http' : 'https')}://${asked}/`) };
}

/** Docker Hub has three names, and the one in references is not the one that answers. */
export function isDockerHub(host: string): boolean {
  return host === 'docker.io' || host === 'index.docker.io' || host === 'registry-1.docker.io';
}

function isThisMachine(host: string): boolean {
  const { hostname } = new URL(`http://${host}/`);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
