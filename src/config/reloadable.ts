// Settings that a running server follows when its configuration file changes. One is here only where everybody who follows it asks anew, or is
// told: what is built into what is open (mounts, sockets, caches, leases) waits for a restart.

/** Paths of the schema. */
export const reloadable: readonly string[] = [
  // The gate and the answers are told, and ask with every request.
  'server.hosts',
  'server.cors',
  'server.warning',
  'deletes.enabled',
  'limits.requests',
  // Asked once, when the server stops.
  'server.shutdownTimeout',
  // By manifests that begin to arrive from then on.
  'manifests.maxSize',
  // With every request, whatever its token was given out for: where somebody is asked who they are before and after.
  'access',
  'auth.groups',
  // By the next collection: one that runs ends with the rules that it began with.
  'gc.every',
  'retention',
  'untagged',
  // By the scrub that runs, and by when the next one is due.
  'scrub.every',
  'scrub.rate',
  // By pushes that begin from then on.
  'quota',
  'log.level',
  'log.requests',
];

const listed = new Set(reloadable);

/** Of the settings that decide who may do what: they hold only where there is a gate that asks who somebody is. */
export const reloadableRights: readonly string[] = ['access', 'auth.groups'];

export function isReloadable(path: string): boolean {
  return listed.has(path);
}
