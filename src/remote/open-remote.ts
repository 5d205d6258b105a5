// Puts a client together: address, transport with its limits, credentials.
import { setTimeout as pause } from 'node:timers/promises';
import { Authorizer } from './authorizer.ts';
import type { CredentialSource } from './credentials.ts';
import { registryAddress } from './registry-address.ts';
import { RegistryClient } from './registry-client.ts';
import { RegistryProbe } from './registry-probe.ts';
import { RemoteRegistry } from './remote-registry.ts';
import { RemoteTarget } from './remote-target.ts';
import { Transport, type TransportOptions } from './transport.ts';

export interface RemoteOptions {
  /** Undefined: plain HTTP to this machine, HTTPS elsewhere. */
  readonly scheme: 'http' | 'https' | undefined;
  readonly credentials: CredentialSource;
  readonly transport: TransportOptions;
}

export const defaultTransport: TransportOptions = {
  userAgent: 'moorage',
  stallMs: 30_000,
  chunkBytes: 16 * 1024 * 1024,
  attempts: 4,
  backoffMs: 500,
  longestPauseMs: 60_000,
  pause: (ms) => pause(ms),
  random: Math.random,
};

/** Contacts nobody yet. `host` is `HOST` or `HOST:PORT`. */
export function openRemote(host: string, options: RemoteOptions): RemoteRegistry {
  return new RemoteRegistry(clientOf(host, options));
}

/** To be pushed to, until `signal` stops it. Contacts nobody yet. */
export function openRemoteTarget(host: string, options: RemoteOptions, signal: AbortSignal): RemoteTarget {
  return new RemoteTarget(clientOf(host, options), signal);
}

/** The same registry twice: for its images, and for what lies behind them. */
export function openRemoteProbe(
  host: string,
  options: RemoteOptions,
): { readonly registry: RemoteRegistry; readonly probe: RegistryProbe } {
  const client = clientOf(host, options);
  return { registry: new RemoteRegistry(client), probe: new RegistryProbe(client) };
}

function clientOf(host: string, { scheme, credentials, transport }: RemoteOptions): RegistryClient {
  const address = registryAddress(host, scheme);
  const carrier = new Transport(transport);
  return new RegistryClient(address, carrier, new Authorizer(carrier, address, credentials));
}
