// What each folder of src may import, besides itself: the direction of the house in one table (ARCHITECTURE.md, Layers).

/** What is in a layout's files, and how it is gone through. */
const contents = ['layout/index', 'layout/pacing', 'layout/files', 'storage', 'oci'];

/** The longest folder that a file lies in counts. `''` is what lies directly in src: the executable, the composition root, the library. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  storage: ['oci'],

  'layout/files': ['storage', 'oci'],
  'layout/pacing': ['storage', 'oci'],
  'layout/index': ['layout/pacing', 'layout/files', 'storage', 'oci'],
  'layout/names': ['layout/index', 'layout/files', 'layout/pacing', 'storage', 'oci'],
  'layout/blobs': ['layout/pacing', 'layout/files', 'storage', 'oci'],
  'layout/manifests': ['layout/blobs', 'layout/names', ...contents],
  'layout/healing': ['layout/manifests', 'layout/blobs', ...contents],
  'layout/times': ['layout/names', ...contents],
  'layout/history': ['layout/names', ...contents],
  'layout/changes': [
    'layout/times',
    'layout/history',
    'layout/healing',
    'layout/manifests',
    'layout/blobs',
    'layout/names',
    ...contents,
  ],
  'layout/collection': ['layout/manifests', 'layout/blobs', ...contents],
  'layout/retention': [
    'layout/collection',
    'layout/changes',
    'layout/times',
    'layout/history',
    'layout/manifests',
    'layout/blobs',
    'layout/names',
    ...contents,
  ],
  layout: [
    'layout/collection',
    'layout/retention',
    'layout/changes',
    'layout/times',
    'layout/history',
    'layout/healing',
    'layout/manifests',
    'layout/blobs',
    'layout/names',
    ...contents,
  ],

  'docker-archive': contents,
  registry: ['layout/*', 'storage', 'oci'],
  mounts: ['docker-archive', 'registry', 'layout/*', 'storage', 'oci'],
  remote: ['oci'],
  transfer: ['remote', 'mounts', 'registry', 'layout/*', 'storage', 'oci'],
  inspection: ['transfer', 'remote', 'mounts', 'docker-archive', 'registry', 'layout/*', 'storage', 'oci'],

  verification: ['inspection', 'transfer', 'remote', 'mounts', 'registry', 'layout/*', 'storage', 'oci'],

  browse: ['transfer', 'registry', 'layout/*', 'storage', 'oci'],
  auth: ['storage', 'oci'],
  tls: ['auth', 'storage', 'oci'],
  workers: ['http', 'auth', 'registry', 'layout/*', 'storage', 'oci'],
  config: ['oci'],
  observability: ['oci'],
  http: ['auth', 'browse', 'registry', 'oci'],
  cli: [
    '',
    'config',
    'auth',
    'observability',
    'auth',
    'verification',
    'inspection',
    'transfer',
    'remote',
    'mounts',
    'registry',
    'layout/*',
    'storage',
    'oci',
    'tls',
    'workers',
  ],
  '': [
    'cli',
    'config',
    'observability',
    'http',
    'auth',
    'tls',
    'mounts',
    'registry',
    'layout/*',
    'storage',
    'oci',
    'workers',
  ],
};

/** Who may touch files without a store: everybody else asks storage. */
export const touchesFiles: readonly string[] = ['storage', 'config', 'cli'];
