// The only list of settings: their names, what they accept, their defaults and what they mean. The environment's names,
// config.example.yaml and the messages about unknown keys are derived from it (settings.ts, example-file.ts).
import { z } from 'zod';
import { portableManifestBytes } from '../oci/manifest.ts';
import { accessRules } from './access-rules.ts';
import { auditSection } from './audit-section.ts';
import { authSection } from './auth-section.ts';
import { eventEndpoints } from './event-endpoints.ts';
import { limitsSection } from './limits-section.ts';
import { parseListenAddress } from './listen-address.ts';
import { metricsSection } from './metrics-section.ts';
import { quotaRules } from './quota-rules.ts';
import { retentionRules } from './retention-rules.ts';
import { tlsSection } from './tls-section.ts';
import { parseSize } from './units.ts';
import {
  choice,
  duration,
  hostList,
  mode,
  networkList,
  onOff,
  originList,
  orWord,
  parsed,
  text,
} from './value-schemas.ts';
import { workersSetting } from './workers-setting.ts';
import { sizeForm, sizeOrZeroForm } from './written-forms.ts';

/** A manifest is held in memory while it is checked. */
const largestManifestLimit = 64 * 1024 * 1024;

export const configSchema = z.strictObject({
  storage: z.strictObject({
    root: text('a directory')
      .prefault('./registry')
      .describe(
        'Directory of the registry: one OCI image layout per repository, and .moorage/ for unfinished uploads and shared blobs. Created when missing; relative to the working directory.',
      ),
    ephemeral: onOff(false).describe(
      'Keep everything in memory instead of storage.root; all of it is gone when moorage stops.',
    ),
    ephemeralMemory: parsed(parseSize, 'is not a size; write e.g. 2GiB', sizeForm)
      .optional()
      .describe(
        'How much content storage.ephemeral may hold; pushes beyond it are refused (507). Unless set, half of the memory of the machine, or of the container.',
      ),
    fileMode: mode(0o600).prefault('0644').describe('Mode of new files, in quotes; the umask applies.'),
    directoryMode: mode(0o700).prefault('0755').describe('Mode of new directories, in quotes; the umask applies.'),
    minFree: parsed(
      (text) => (text.trim() === '0' ? 0 : parseSize(text)),
      'is not a size; write e.g. 1GiB, or 0',
      sizeOrZeroForm,
    )
      .optional()
      .describe(
        'Pushes are refused (507) while less than this is free, so that deletes and other programs still work; 0 lets them fill the disk. Unless set, 64MiB or 2 % of the file system, whichever is less.',
      ),
    verifyReads: choice(['once', 'all', 'off'])
      .prefault('once')
      .describe(
        'Hash blobs that this registry did not hash when they were stored: before the first download (above 64MiB, during it), with every download, or never. Damaged ones answer 404, so that clients push them again.',
      ),
  }),
  server: z.strictObject({
    listen: parsed(parseListenAddress, 'is not an address; write HOST:PORT, e.g. 127.0.0.1:5000, [::1]:5000 or :5000')
      .prefault('127.0.0.1:5000')
      .describe(
        'Address and port. Port 0 picks a free one; ":5000" is every interface, by IPv4 and IPv6. Unless something says who there is, as auth.htpasswd does, whoever can connect can push and delete.',
      ),
    hosts: hostList()
      .optional()
      .describe(
        'Names, without a port, by which clients may come besides addresses, localhost, *.localhost, *.internal and names without a dot, e.g. the name of a proxy; any: all names. Others get 421, so that no web page reaches the registry by a name of its own (DNS rebinding). Unless set, that is so while moorage listens on the loopback only, without TLS.',
      ),
    cors: originList()
      .optional()
      .describe(
        'Origins of web pages that may use this registry from a browser, e.g. https://ui.example; *: every page may read, and those that are named may push and delete as well. Unless set, no page of another origin may do either.',
      ),
    trustedProxies: networkList()
      .optional()
      .describe(
        'Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, e.g. loopback or 10.0.0.0/8. Unless set, and of anybody else, the connection alone says where a client is.',
      ),
    readOnly: onOff(false).describe('Refuse pushes (403 DENIED) and deletes (405 UNSUPPORTED).'),
    warning: text('a text')
      .regex(/^[\x20-\x7e]{1,4000}$/, 'is one line of at most 4000 printable ASCII characters')
      .optional()
      .describe('A text sent to clients with every answer, in a Warning header; many show it to their user.'),
    stallTimeout: duration(1000)
      .prefault('60s')
      .describe('A connection on which no byte moves for so long, in the middle of a request, is closed.'),
    shutdownTimeout: duration(0)
      .prefault('30s')
      .describe('How long running requests may take to finish after SIGTERM or SIGINT.'),
    workers: workersSetting,
    timing: onOff(false).describe(
      'Tell clients with every answer, in a Server-Timing header, how long it took; browsers show it to developers.',
    ),
    tls: tlsSection,
  }),
  auth: authSection,
  layouts: z.strictObject({
    duplicates: choice(['last', 'first'])
      .prefault('last')
      .describe(
        'Which of two entries of one tag it means, in an index.json where another tool left both: last as oras, docker load and containerd read it, first as skopeo, regctl and zot do.',
      ),
    unnamed: choice(['latest', 'hidden'])
      .prefault('latest')
      .describe(
        'A layout with one image and no name at all (crane, skopeo, cosign): its tag is latest, or it is found by digest only.',
      ),
    tagless: choice(['latest', 'hidden'])
      .prefault('hidden')
      .describe('A full name without a tag (docker.io/acme/app): its tag is latest, or it is found by digest only.'),
    registryHost: choice(['strip', 'keep'])
      .prefault('strip')
      .describe(
        'A layout with full names of several repositories lists each below its own name, without the registry host (cache/library/alpine) or with it (cache/docker.io/library/alpine). Both are answered.',
      ),
    links: choice(['verify', 'refuse'])
      .prefault('verify')
      .describe(
        'Blobs that are symbolic links (Bazel): verify follows one to a regular file of which all bytes were hashed and are the blob, where no pushes are taken: paths served read-only, and commands that read. Where pushes are taken, and with refuse, such a blob is absent.',
      ),
    scan: choice(['off', 'lazy', 'startup'])
      .prefault('off')
      .describe(
        'Find referrers also among blobs that no entry leads to (cosign save v3, umoci): off, when referrers are first asked for, or already at start.',
      ),
    referrersTag: choice(['always', 'auto', 'never'])
      .prefault('always')
      .describe(
        'Keep, for each image with referrers, the tag sha256-... that regctl and other clients without the referrers API look for: always, only in layouts where such tools left one, or never. One that is there is kept right in any case.',
      ),
    listReferrersTags: onOff(false).describe('Show those tags in tag lists, too.'),
    digests: choice(['any', 'sha256'])
      .prefault('any')
      .describe(
        'sha256: refuse manifests that are pushed under sha512 digests. One such entry in index.json makes crane, ctr and umoci refuse the whole layout.',
      ),
    reconcile: choice(['off', 'background'])
      .prefault('off')
      .describe(
        'background: referrers that another tool attached are brought to the form that every tool finds, once the layout was quiet for a while. moorage reconcile does the same by hand.',
      ),
  }),
  manifests: z.strictObject({
    requireReferences: onOff(false).describe(
      'Refuse a manifest whose layers, config or child manifests are not in the repository (MANIFEST_BLOB_UNKNOWN). Off, sparse images are accepted.',
    ),
    maxSize: parsed(parseSize, 'is not a size; write e.g. 8MiB', sizeForm)
      .refine((bytes) => bytes >= portableManifestBytes, 'is below 4MiB, which registries must accept')
      .refine((bytes) => bytes <= largestManifestLimit, 'is above 64MiB; manifests are held in memory')
      .prefault('8MiB')
      .describe('The largest manifest accepted, between 4MiB and 64MiB.'),
  }),
  deletes: z.strictObject({
    enabled: onOff(true).describe('Off: deleting tags, manifests and blobs answers 405 UNSUPPORTED.'),
    referencedBlobs: choice(['refuse', 'allow'])
      .prefault('refuse')
      .describe(
        'refuse: a layer or config that a manifest of the repository needs is not deleted; 405 UNSUPPORTED names the manifests.',
      ),
  }),
  uploads: z.strictObject({
    expireAfter: duration(1000)
      .prefault('24h')
      .describe('An unfinished upload is removed this long after its last byte.'),
  }),
  gc: z.strictObject({
    every: orWord('off', duration(1000))
      .prefault('24h')
      .describe(
        'How often what nothing leads to any more is deleted from the disk, or off: in a root that moorage created; elsewhere only with NAME=PATH:gc or gc.foreign. moorage gc does the same by hand.',
      ),
    grace: duration(0)
      .prefault('24h')
      .describe(
        'Nothing younger is deleted, nor what a client was told within this time that it exists; what left the registry can be rolled back to for as long.',
      ),
    foreign: onOff(false).describe(
      'Also collect in directories that moorage did not create. Other tools may count on what nothing leads to there.',
    ),
  }),
  retention: retentionRules
    .prefault('[]')
    .describe(
      'Rules by which tags go, the first that matches a tag decides: repositories and tags (patterns), keepNewest, keepPushedWithin, keepPulledWithin, keepAll. A tag that no keep of its rule saves is untagged by the next collection. In the environment, the same list as JSON.',
    ),
  untagged: orWord('keep', duration(1000))
    .prefault('keep')
    .describe(
      'How long a manifest stays that no tag, index or kept manifest leads to, e.g. 7d; keep: until somebody deletes it.',
    ),
  scrub: z.strictObject({
    every: orWord('off', duration(1000))
      .prefault('30d')
      .describe('How often the server reads every blob, to find what rotted on the disk, or off.'),
    rate: parsed(parseSize, 'is not a size; write e.g. 20MiB', sizeForm)
      .refine((bytes) => bytes >= 1024, 'is below 1KiB')
      .prefault('20MiB')
      .describe('So much is read in a second for that, at most; requests come first.'),
  }),
  access: accessRules
    .optional()
    .describe(
      'Rules by which users may do something, all that match together: repositories (patterns), who (users, group:NAME, anonymous, authenticated), may (pull, push, delete, create, metrics, admin), immutable (patterns of tags). Unless set, users may do everything and anonymous nothing; without users either, everybody may do everything. In the environment, the same list as JSON.',
    ),
  limits: limitsSection,
  quota: quotaRules
    .prefault('{}')
    .describe(
      'How much the repositories below a name may hold, each blob counted once: {team: 50GiB, /: 200GiB}, where / is all of them. A push beyond it is refused (403 DENIED) before its bytes are taken, when their number is known. In the environment, the same as JSON.',
    ),
  audit: auditSection,
  events: eventEndpoints
    .prefault('[]')
    .describe(
      'Who is told what happens, in order and again until they take it: name, url, types (push, delete, tag, mount, collection), repositories (patterns), format (cloudevents, distribution), secretFile (of what messages are signed with), authorizationFile (of the header Authorization), timeout, giveUpAfter. In the environment, the same list as JSON.',
    ),
  metrics: metricsSection,
  log: z.strictObject({
    level: choice(['error', 'warn', 'info', 'debug'])
      .prefault('info')
      .describe('The least important lines to write: error, warn, info or debug.'),
    requests: onOff(true).describe('One line for each request, at level info.'),
    format: choice(['auto', 'text', 'json'])
      .prefault('auto')
      .describe('auto: text when standard error is a terminal, JSON elsewhere.'),
  }),
});

/** The settings as the program uses them: durations in milliseconds, sizes in bytes. */
export type Settings = z.output<typeof configSchema>;

/** The rules of layouts, from the sections that they are written in: what a registry over them must be told. */
export function layoutRulesOf({ storage, layouts, manifests, deletes, uploads, gc, ...others }: Settings) {
  const { verifyReads } = storage;
  const { requireReferences } = manifests;
  const { referencedBlobs } = deletes;
  const uploadsExpireAfterMs = uploads.expireAfter;
  const keepLeftMs = gc.grace;
  const pushes = { requireReferences, referencedBlobs, uploadsExpireAfterMs, keepLeftMs };
  const collection = { everyMs: gc.every, graceMs: gc.grace };
  const { scrub, retention, untagged } = others;
  const { limits, quota: quotas } = others;
  const limited = {
    quotas,
    uploadsPerUser: limits.uploads,
    unfinishedBytesPerUser: limits.unfinished,
  };
  const byItself = { collection, retention, untagged, scrub: { everyMs: scrub.every, bytesPerSecond: scrub.rate } };
  return { ...layouts, verifyReads, ...pushes, ...byItself, ...limited };
}
