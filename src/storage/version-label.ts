// How a version label is made, for all drivers: which object it is, then which state of it.
import type { VersionLabel } from './object-store.ts';

const separator = '/';

/** `identity` changes when the object is replaced by another one, and stays when it is written in place. */
export function versionLabel(identity: string, state: string): VersionLabel {
  return `${identity}${separator}${state}` as VersionLabel;
}

/** True for two states of one object: what came between them was written in place. */
export function isSameObject(one: VersionLabel, other: VersionLabel): boolean {
  return identityOf(one) === identityOf(other);
}

function identityOf(label: VersionLabel): string {
  return label.slice(0, label.indexOf(separator));
}

/**
 * The same without what it begins with on a file system, the number of the device, which btrfs, NFS and overlays get anew with each
 * mount: for what is kept across restarts about objects of one place.
 */
export function onAnyDevice(label: string): string {
  return label.slice(label.indexOf('-') + 1);
}
