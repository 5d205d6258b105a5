// What the HTTP layer can be told, in plain values.
import type { ChallengeSettings } from './challenge.ts';
import type { HostSettings } from './host-check.ts';
import type { TlsIdentity } from './secure-server.ts';

export interface HttpSettings {
  /** Which Host headers are answered; others get 421. */
  readonly hosts: HostSettings;
  /** Origins of web pages that may read, and those that are named may change something; `*` is every page. */
  readonly cors: readonly string[];
  /** Addresses and networks of proxies that are believed when they say where a client is. */
  readonly trustedProxies: readonly string[];
  /** Of a second, for each user and address; undefined: as many as they like. */
  readonly requestsPerSecond: number | undefined;
  /** Of one address, at once; undefined: as many as it likes. */
  readonly maxConnections: number | undefined;
  /** How clients are asked who they are, where that matters. */
  readonly challenge: ChallengeSettings;
  /** False: deletes are refused with 405. */
  readonly deletesEnabled: boolean;
  /** Whether clients are told with every answer how long it took. */
  readonly timing: boolean;
  /** Text of the Warning header on every answer. */
  readonly warning: string | undefined;
  /** Larger manifests are refused with 413 (distribution-spec: at least 4 MiB should be accepted). */
  readonly maxManifestBytes: number;
  /** Bytes of memory for the bodies of large manifests, of all connections together; two of the largest fit in any case. */
  readonly bodyMemoryBytes: number;
  /** A manifest that finds no memory for so long is refused with 503. */
  readonly bodyMaxWaitMs: number;
  /** A small manifest that has not arrived after so long is refused with 408; larger ones get more time. */
  readonly bodyTimeoutMs: number;
  /** A connection on which no byte moves for so long is closed, in the middle of a body or an answer. */
  readonly stallTimeoutMs: number;
  /** An idle connection is closed after so long. */
  readonly keepAliveTimeoutMs: number;
  /** Undefined: plain HTTP. */
  readonly tls: TlsIdentity | undefined;
}

/** What changes while the server runs, when its configuration does; everything else is built into what is open. */
export type ChangingHttpSettings = Pick<
  HttpSettings,
  'hosts' | 'cors' | 'requestsPerSecond' | 'deletesEnabled' | 'warning' | 'maxManifestBytes'
>;

/** What nobody can set. */
export const fixedHttpSettings = {
  bodyMemoryBytes: 128 * 1024 * 1024,
  // Less than the time after which connections without traffic are closed.
  bodyMaxWaitMs: 30_000,
  bodyTimeoutMs: 60_000,
  // Longer than the 60 s that proxies keep idle connections for, so that the proxy is the one to close.
  keepAliveTimeoutMs: 72_000,
} as const satisfies Partial<HttpSettings>;
