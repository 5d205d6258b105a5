// The names that a registry keeps for itself in a directory: nothing that begins so belongs to a layout, and no store lists it.

const ownPrefix = '.moorage';

/** Holds files of the store and of the registry above it, outside of every layout. */
export const ownDirectory = ownPrefix;

/** Where small objects are drafted. */
export const stagingDirectory = `${ownPrefix}/staging`;

/** Keys that tokens are signed with, each in a file that we alone may read. */
export const tokenKeysDirectory = `${ownPrefix}/keys`;

/** Robots, each in a file that we alone may read (auth/robots). */
export const robotsDirectory = `${ownPrefix}/tokens`;

/** Names of files that are being written beside their target; other tools see them for a moment. */
export const draftPrefix = `${ownPrefix}-`;

/** In a directory whose files are about to be replaced. */
export const lockName = `${ownPrefix}.lock`;

/** True for a name, and for a key or path below it. */
export function isOwnName(name: string): boolean {
  return name.startsWith(ownPrefix);
}
