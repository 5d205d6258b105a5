// The forms an export can have: what each group of tools finds in index.json (docs/layouts.md#exports).

/**
 * oci: bare tags, children and referrers listed, as our own layouts are. docker, ctr: full names and manifest.json, for engines.
 * linuxkit: full names as ref.name, also for skopeo. crane: exactly one entry.
 */
export const exportProfiles = ['oci', 'docker', 'ctr', 'linuxkit', 'crane'] as const;
export type ExportProfile = (typeof exportProfiles)[number];

/** Engines of before index.json read manifest.json alone, and newer ones fall back on it. */
export function hasDockerManifest(profile: ExportProfile): boolean {
  return profile === 'docker' || profile === 'ctr';
}

/** Images are told apart by their full names there, and by their tags alone elsewhere. */
export function usesFullNames(profile: ExportProfile): boolean {
  return profile === 'docker' || profile === 'ctr' || profile === 'linuxkit';
}

/** `crane push` takes a layout of one entry only, so nothing can be listed beside the image. */
export function listsReferrers(profile: ExportProfile): boolean {
  return profile !== 'crane';
}
