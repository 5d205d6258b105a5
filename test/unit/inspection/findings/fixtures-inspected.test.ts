// What inspect says of every fixture: the tools that it was written by, and the codes of all findings, with raw blobs scanned.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingsOf, inspect } from '../../../hostile/stranger.ts';
import { fixtureNames, writeLayout } from '../../../support/fixture-layouts.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const child = 'unlisted-child';
const referrer = 'unlisted-referrer';
const unmarked = 'unmarked-referrer';
const noResponse = 'missing-response';
const underTag = 'hidden-referrers-tag';
const several = 'several-repositories';
const onlyImage = 'implied-latest';

/** Without those that have nothing to say. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'generated/buildkit/attestation': ['attestation-without-subject', child],
  'generated/buildkit/dup-refname': ['hidden-duplicate'],
  'generated/buildx/referrers': ['raw-referrer', noResponse],
  'generated/containerd/fullname': ['name-without-tag', several],
  'generated/containerd/index-name': [referrer, noResponse],
  'generated/containerd/multiarch': [child],
  'generated/containerd/referrers': [noResponse],
  'generated/cosign/v2-save': ['raw-referrer', onlyImage, noResponse, unmarked],
  'generated/cosign/v3-save-raw-referrers': ['raw-referrer', onlyImage, noResponse],
  'generated/crane/dup-pull': ['hidden-duplicate'],
  'generated/crane/fullname': [several, child],
  'generated/crane/multiarch': [onlyImage, child],
  'generated/crane/pull-oci': [onlyImage],
  'generated/hauler/store': ['auxiliary-name', unmarked, noResponse],
  'generated/linuxkit/cache': [several, 'docker-media-type', child],
  'generated/odd/dangling': ['dangling-entry'],
  'generated/odd/docker-types': ['docker-media-type'],
  'generated/odd/fallback-tag-only': [underTag, referrer],
  'generated/odd/nested-index': [child],
  'generated/odd/no-descriptor-mediatype': ['missing-media-type'],
  'generated/odd/no-oci-layout': ['oci-layout-missing'],
  'generated/odd/sha512': ['sha512-entry'],
  'generated/odd/trailing-garbage': ['trailing-garbage'],
  'generated/odd/unknown-mediatype': ['unknown-media-type'],
  'generated/olareg/multiarch': [child],
  'generated/olareg/referrers': [referrer, noResponse],
  'generated/olareg/referrers-pr1171': [referrer, noResponse],
  'generated/oras/fullname': [several],
  'generated/oras/referrers': [unmarked, noResponse],
  'generated/podman/artifact-store': ['missing-subject', unmarked, noResponse],
  'generated/recommended/referrers': [underTag],
  'generated/recommended/referrers-olareg': [underTag],
  'generated/regclient/multiarch': [child],
  'generated/regclient/referrer-tagged': [underTag, referrer, unmarked],
  'generated/regclient/referrers': [underTag, referrer],
  'generated/skopeo/fullname': [several],
  'generated/skopeo/multiarch': [child],
  'generated/skopeo/retag': ['untagged-image'],
  'generated/skopeo/untagged': [onlyImage],
  'generated/umoci/raw-referrers': ['raw-referrer', noResponse],
  'generated/zarf/fullname': ['name-without-tag', several],
  'generated/zot/referrers': [unmarked, noResponse],
  'recorded/olareg/acme/app': [referrer, child, noResponse],
  'recorded/oras/referrers-attached': [unmarked, noResponse],
  'recorded/oras/referrers-copied': [unmarked, noResponse],
  'recorded/regctl/export': [child],
  'recorded/regctl/multiarch': [child],
  'recorded/regctl/referrers': [underTag, referrer],
  'recorded/regctl/referrers-put': [underTag, referrer, unmarked],
  'recorded/skopeo/fullname': [child],
  'recorded/skopeo/multiarch': [child],
  'recorded/skopeo/untagged': [onlyImage],
};

/** Tools that leave a trace which nobody else leaves. */
const tools: Readonly<Record<string, string>> = {
  buildkit: 'BuildKit',
  containerd: 'docker save or ctr export',
  cosign: 'cosign save',
  docker: 'docker save',
  hauler: 'hauler',
  linuxkit: 'linuxkit',
  olareg: 'olareg',
  podman: 'podman artifact',
  zarf: 'zarf',
  zot: 'zot',
};

describe.each(fixtureNames())('inspect of %s', (fixture) => {
  it('finds what is to be found, and nothing else', async () => {
    const directory = join(await temporaryDirectory(), 'layout');
    mkdirSync(directory);
    writeLayout(directory, fixture);
    const [part, ...others] = await inspect(directory, { scan: true, verify: true });
    if (part === undefined) throw new Error('nothing was looked at');
    expect(others).toEqual([]);
    const codes = findingsOf([part]).map(({ code }) => code);
    expect([...new Set(codes)].sort()).toEqual([...(expected[fixture] ?? [])].sort());
    const [, tool = ''] = fixture.split('/');
    const named = tools[tool];
    const isMarked = fixture !== 'generated/olareg/referrers-pr1171' && fixture !== 'generated/buildkit/unnamed';
    if (named !== undefined && isMarked) expect(part.dialects.map((each) => each.tool)).toContain(named);
  });
});
