// What counts, from the settings, and the application of a listener for it alone.
import { openPolicy } from './auth/open-policy.ts';
import { packageVersion } from './cli/version.ts';
import { isLoopback, type ListenAddress } from './config/listen-address.ts';
import type { Settings } from './config/schema.ts';
import { type AppOptions, buildApp, type HttpApp } from './http/app.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import type { ServerGroup } from './server-group.ts';

/** Undefined where nothing is counted. */
export function metricsOf({ metrics }: Settings, group: ServerGroup): ServerMetrics | undefined {
  if (!metrics.enabled) return undefined;
  return new ServerMetrics({
    version: packageVersion(),
    countsRepositories: metrics.repositories,
    processes: group.size,
    sharing: group.metrics,
    walks: () => group.speaks(),
  });
}

export interface MetricsListener extends HttpApp {
  readonly address: ListenAddress;
}

/** Undefined where there is none, or another process of the server has it. `options`: those of the registry's own application. */
export function metricsListenerOf(
  { metrics }: Settings,
  options: AppOptions,
  { opensOwnListeners }: ServerGroup,
): MetricsListener | undefined {
  const { listen: address } = metrics;
  if (!metrics.enabled || address === undefined || !opensOwnListeners) return undefined;
  const { settings } = options;
  // Whoever is on this machine is let in: a collector beside the server needs no password. There is no token to be had here.
  const isOpen = isLoopback(address.host);
  const challenge = { ...settings.challenge, scheme: 'basic' } as const;
  const built = buildApp({
    ...options,
    serves: 'metrics',
    tokens: undefined,
    // What others count is told to one listener of each process.
    shared: undefined,
    policy: isOpen ? openPolicy : options.policy,
    settings: { ...settings, challenge, tls: isOpen ? undefined : settings.tls },
  });
  return { address, ...built };
}
