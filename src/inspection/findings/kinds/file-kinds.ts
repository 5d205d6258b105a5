// Findings about the files of a layout and the members of an archive.
import type { FindingKind } from './finding-kind.ts';

export const fileKinds = {
  'index-unreadable': {
    severity: 'error',
    hides: true,
    why: 'index.json is not a complete image index, so nothing it should name can be pulled; regctl and olareg would start a new one and delete the blobs',
    remedy: 'restore it from a copy, or export the images again; keep regctl and olareg away until then',
  },
  'index-too-large': {
    severity: 'error',
    hides: true,
    why: 'index.json is larger than any that is read',
    remedy: 'look for the tool that wrote it so; split the layout',
  },
  'index-missing': {
    severity: 'warning',
    hides: true,
    why: 'a directory of blobs without index.json: nothing says what they are, and nothing of it is served',
    remedy: 'restore index.json, or copy the images again',
  },
  'no-blobs': {
    severity: 'error',
    hides: true,
    why: 'the layout names manifests and has no blob at all: they may be in a shared directory (skopeo --dest-shared-blob-dir)',
    remedy:
      'name that directory, --shared-blobs DIR: serve, ls, tree, inspect, import and export take it; else copy the images again',
  },
  'other-layout-version': {
    severity: 'error',
    hides: true,
    why: 'oci-layout names a version other than 1.0.0, which no tool reads: it is answered with 503',
    remedy: 'write it again with the tool that made it, as image layout 1.0.0',
  },
  'oci-layout-missing': {
    severity: 'warning',
    why: 'oras, regctl, umoci, zot and containerd refuse a layout without the oci-layout file',
    remedy: `write it: printf '{"imageLayoutVersion":"1.0.0"}' > oci-layout; the first push does it too`,
  },
  'oci-layout-unreadable': {
    severity: 'warning',
    why: 'oci-layout does not say a version: oras, regctl, umoci and containerd refuse the layout, and pushes to it are refused',
    remedy: `write it again: printf '{"imageLayoutVersion":"1.0.0"}' > oci-layout`,
  },
  'trailing-garbage': {
    severity: 'warning',
    why: 'index.json goes on after its end: containerd, BuildKit, umoci, zot and the crane family refuse it',
    remedy: 'the first push writes it whole again; BuildKit leaves an old tail when it writes in place',
  },
  'other-schema-version': {
    severity: 'note',
    why: 'index.json does not say schemaVersion 2: copied to a registry as it is (crane push --index), it is refused there',
    remedy: 'nothing where none is said: the first push completes it; else write it again with the tool that made it',
  },
  'unreadable-file': {
    severity: 'error',
    hides: true,
    why: 'the file cannot be read, for want of permission or since the disk fails: what it holds cannot be served',
    remedy:
      'chmod or chown it for the user that serves it; where the disk fails (EIO), moorage verify --repair, and soon another disk',
  },
  'private-index': {
    severity: 'note',
    why: 'only its owner may read index.json (regctl, olareg, umoci and zot write it so): other users see no layout',
    remedy: 'chmod 0644 index.json, if others should',
  },
  'symbolic-link': {
    severity: 'warning',
    hides: true,
    why: 'the crane family follows no symbolic link; moorage follows that of a blob, to the very file, where no pushes are taken',
    remedy:
      'put the file itself in its place, or a hard link; for links of blobs (Bazel) serve it read-only: NAME=PATH:ro',
  },
  'irregular-file': {
    severity: 'warning',
    hides: true,
    why: 'a device, pipe or socket where a file belongs is never opened',
    remedy: 'remove it',
  },
  'non-digest-file': {
    severity: 'warning',
    why: 'a file in blobs/ whose name is not a digest stops the collectors of zot, umoci and crane, and regctl deletes it',
    remedy: 'move it out of blobs/',
  },
  'unfinished-write': {
    severity: 'note',
    why: 'a lock or temporary file: a tool is writing just now, or was stopped while it did',
    remedy: 'remove it when no tool runs',
  },
  'unserved-directory': {
    severity: 'warning',
    hides: true,
    why: 'a layout lies in a directory whose path is not a repository name, so no client can ask for it',
    remedy: 'rename it: lower-case letters and digits, separated by one of . _ __ or dashes; or serve it as NAME=PATH',
  },
  'hidden-by-mount': {
    severity: 'warning',
    hides: true,
    why: 'another PATH is served under this name, and a name leads to one place only',
    remedy: 'give one of them another name: NAME=PATH',
  },
  'members-refused': {
    severity: 'warning',
    hides: true,
    why: 'members of the archive that would lead out of it, or are not regular files, are not served',
    remedy: 'make the archive again with plain files: tar -C LAYOUT -cf ARCHIVE .',
  },
  'image-left-out': {
    severity: 'error',
    hides: true,
    why: 'an image that the manifest.json of the archive names is not served: its parts are missing, or do not belong together',
    remedy: 'save it again: docker save',
  },
  'archive-damaged': {
    severity: 'error',
    hides: true,
    why: 'the archive cannot be read from there on: only what is before that is served',
    remedy: 'copy or make it again',
  },
  'archive-cut-off': {
    severity: 'warning',
    why: 'the archive has no end mark: its last members may be missing',
    remedy: 'compare its size with the original; copy or make it again',
  },
  'archive-unreadable': {
    severity: 'error',
    hides: true,
    why: 'an archive of the directory is damaged, cut off, or not yet copied whole: of such a one nothing is served',
    remedy: 'copy or make it again; named as a PATH itself, it is served as far as it goes',
  },
  'other-archive': {
    severity: 'warning',
    hides: true,
    why: 'an archive of the directory holds no image that can be served',
    remedy: 'nothing if it is something else; see the reason',
  },
  'name-taken': {
    severity: 'warning',
    hides: true,
    why: 'an archive of the directory is not served under its name',
    remedy: 'rename it, or serve it as NAME=PATH',
  },
  'skopeo-directory': {
    severity: 'warning',
    hides: true,
    why: 'a directory as skopeo writes it for dir:, which is no image layout: nothing of it is served',
    remedy: 'convert it with the command',
  },
  'cannot-be-read': {
    severity: 'error',
    hides: true,
    why: 'it could not be inspected',
    remedy: 'see the reason',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
