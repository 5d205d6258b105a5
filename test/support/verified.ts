// `moorage verify` of a directory, as a test asks for it: in-process, with a cache directory of its own.
import { openMounts } from '../../src/mounts/open-mounts.ts';
import { openSource } from '../../src/transfer/open-source.ts';
import type { WrittenReference } from '../../src/transfer/source-reference.ts';
import { GoodSource } from '../../src/verification/good-source.ts';
import type { Verification } from '../../src/verification/verification.ts';
import { verify } from '../../src/verification/verify.ts';
import { serveRoot } from '../hostile/stranger.ts';
import type { Image } from './content.ts';
import { defaultRules } from './rules.ts';
import { silentLog } from './silent-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** The root of a server that took pushes, and does not run any more. */
export async function pushedRoot(image: Image, ...names: readonly string[]): Promise<string> {
  const root = await temporaryDirectory();
  const { put, post, stop } = await serveRoot(root);
  for (const name of names.length === 0 ? ['team/app'] : names) {
    for (const { bytes, digest } of [image.config, ...image.layers]) {
      const { status } = await post(`/v2/${name}/blobs/uploads/?digest=${digest}`, bytes);
      if (status !== 201) throw new Error(`a push answered ${status}`);
    }
    const { status } = await put(`/v2/${name}/manifests/v1`, image.bytes, image.descriptor.mediaType);
    if (status !== 201) throw new Error(`a push answered ${status}`);
  }
  await stop();
  return root;
}

export interface VerifiedHow {
  readonly isRoot?: boolean;
  readonly within?: string;
  readonly reference?: WrittenReference;
  readonly repair?: boolean;
  /** So many milliseconds from now. */
  readonly laterMs?: number;
  /** `--from`. */
  readonly from?: string;
}

/** A PATH, or with `isRoot` the directory of --root. */
export async function verified(path: string, how: VerifiedHow = {}): Promise<Verification> {
  const { isRoot = false, within, reference, repair = false, from, laterMs = 0 } = how;
  const cacheDirectory = await temporaryDirectory();
  const common = { cacheDirectory, fileMode: 0o644, directoryMode: 0o755, links: 'verify', log: silentLog } as const;
  const what = { paths: isRoot ? [] : [path], root: isRoot ? path : undefined };
  const openToWrite = () => openMounts({ ...common, ...what, readOnly: false, onlyLayouts: true });
  const opened =
    from === undefined
      ? undefined
      : await openSource(from, {
          ...{
            root: '',
            plainHttp: true,
            environment: { XDG_CACHE_HOME: cacheDirectory },
            userAgent: 'test',
            isRootGiven: false,
          },
          ...{ rules: defaultRules, log: silentLog },
        });
  const source = opened && new GoodSource(opened);
  try {
    return await verify({
      target: { path: isRoot ? undefined : path, within, reference },
      where: path,
      rules: defaultRules,
      openToRead: () => openMounts({ ...common, ...what, readOnly: true }),
      repair: repair ? { openToWrite, source } : undefined,
      // Nobody waits for a writer who may be at work.
      now: () => Date.now() + 6_000 + laterMs,
      progress: undefined,
    });
  } finally {
    await source?.close();
  }
}
