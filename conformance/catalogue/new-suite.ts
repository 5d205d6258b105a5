// The tests of the official suite on the spec's main branch, by its own names below "OCI Conformance Test/".
// A leaf that repeats for every blob or manifest of a data set is one entry here: the phase it belongs to.

const global = ['ping', 'empty/tag list', 'empty/referrers'];

const blobTests = [
  'get-missing',
  'post only',
  'post+put',
  'chunked single',
  'stream',
  'mount',
  'mount anonymous',
  'mount missing',
  'post cancel',
  'chunked multi',
  'chunked multi and put chunk',
  'chunked out-of-order',
  'chunked out-of-order and put chunk',
  'range requests/range 500-1499',
  'range requests/range 500-',
  'range requests/range -500',
  'range requests/range 2000-5000',
  'range requests/range 500-0',
  'range requests/range 5000-10000',
  'empty',
  'emptyJSON',
  'bad digest post only',
  'bad digest post+put',
  'bad digest chunked',
  'bad digest chunked and put chunk',
  'bad digest stream',
];

const phases = ['push', 'tag-list', 'head', 'pull', 'delete'];

const dataSets = [
  'image',
  'image-uncompressed',
  'large-manifest',
  'index',
  'nested-index',
  'empty-index',
  'artifact',
  'artifact-index',
  'artifact-without-layers',
  'artifacts-with-subject',
  'index-with-subject',
  'missing-subject',
  'data-field',
  'non-distributable-layers',
  'custom-fields',
  'no-layers',
  'sparse',
  'sha512',
  'tag-param-sha256',
  'tag-param-sha512',
  'bad-digest-image',
];

const withReferrers = ['artifacts-with-subject', 'index-with-subject', 'missing-subject'];

const errors = [
  'missing-manifest/by-digest',
  'missing-manifest/by-tag',
  'invalid-digest-format/manifest-put',
  'invalid-digest-format/manifest-get',
];

export const newSuiteTests: readonly string[] = [
  ...global,
  ...['sha256 blobs', 'sha512 blobs'].flatMap((group) => blobTests.map((test) => `${group}/${test}`)),
  ...dataSets.flatMap((set) => phases.map((phase) => `${set}/${phase}`)),
  ...withReferrers.map((set) => `${set}/referrers`),
  ...errors,
  'read-only',
];
