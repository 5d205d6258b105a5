// Findings about entries, manifests and blobs.
import type { FindingKind } from './finding-kind.ts';

export const contentKinds = {
  'dangling-tag': {
    severity: 'error',
    hides: true,
    why: 'its manifest is not there: a pull answers MANIFEST_UNKNOWN, ctr refuses to import the layout, zot lists no referrers',
    remedy: 'push it again, or remove the tag',
  },
  'dangling-entry': {
    severity: 'warning',
    why: 'a listed manifest is not there: ctr refuses to import the layout, buildx and zot fail on referrers, umoci gc stops',
    remedy: 'push it again, or remove the entry',
  },
  'taken-off-the-list': {
    severity: 'warning',
    why: 'it was pushed here, and another program took it off the list: deleted there, or lost as two programs wrote at once',
    remedy: 'nothing if it was deleted; "moorage reconcile NAME --from-journal" lists it again',
  },
  'invalid-digest': {
    severity: 'warning',
    hides: true,
    why: 'the digest of the entry is not valid: it cannot be served, and olareg and the crane family refuse the whole layout',
    remedy: 'remove the entry from index.json',
  },
  'other-algorithm': {
    severity: 'warning',
    hides: true,
    why: 'a digest algorithm that cannot be verified: not served, the crane family refuses the whole layout, and olareg overwrites it',
    remedy: 'push the content again with sha256',
  },
  'sha512-entry': {
    severity: 'warning',
    why: 'crane and the tools built on it, ctr import and umoci gc refuse the whole layout for one entry that is not sha256',
    remedy: 'push it with sha256 where those tools are used',
  },
  'missing-media-type': {
    severity: 'warning',
    why: 'the entry does not say what it is: oras cannot resolve it; here the manifest itself is asked',
    remedy: 'push or tag it again',
  },
  'unknown-media-type': {
    severity: 'note',
    why: 'no manifest that is known: it is a blob here, and the collectors of regctl and zot lose what it refers to',
    remedy: 'nothing, as long as no other tool collects garbage in this layout',
  },
  'docker-media-type': {
    severity: 'note',
    why: 'a Docker manifest: umoci cannot use it and its gc loses config and layers, older skopeo does not see it in a layout',
    remedy: 'nothing for docker, containerd, crane, oras; skopeo copy --format oci converts it',
  },
  'artifact-manifest': {
    severity: 'note',
    why: 'an artifact manifest, which image-spec 1.1 dropped before its release: crane, skopeo, containerd and cosign do not read it',
    remedy: 'nothing for oras; attach or sign again to have it as an image manifest',
  },
  'wrong-size': {
    severity: 'error',
    why: 'the file has another size than the descriptor says: clients refuse it, and oras refuses the whole layout',
    remedy: 'push it again: the file is cut short, or the descriptor is wrong',
  },
  'wrong-digest': {
    severity: 'error',
    why: 'the file does not hold what its name says: clients refuse it, and oras refuses the whole layout',
    remedy: 'moorage verify --repair puts a good copy in its place where there is one; else push it again',
  },
  'not-a-manifest': {
    severity: 'error',
    why: 'it is listed as a manifest and cannot be read as one: clients refuse it, and oras refuses the whole layout',
    remedy: 'push the image again, or remove the entry',
  },
  'manifest-too-large': {
    severity: 'error',
    hides: true,
    why: 'a manifest beyond 16 MiB is not served; clients refuse more than 4 MiB',
    remedy: 'look for what is kept in its annotations or data fields',
  },
  'missing-child': {
    severity: 'warning',
    why: 'an index lists a manifest that is not there: clients of that platform cannot pull',
    remedy: 'copy the missing platform, or nothing where the index is sparse on purpose',
  },
  'missing-content': {
    severity: 'warning',
    hides: true,
    why: 'a config or layer is not there: the image cannot be pulled',
    remedy: 'push the image again: only what is missing is sent',
  },
  'look-ended': {
    severity: 'note',
    why: 'there is more than one inspection covers: the rest was not inspected',
    remedy: 'inspect single layouts',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
