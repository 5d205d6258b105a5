// Exports images, and says what was written and under which names it will be found.
import type { Environment } from '../config/environment.ts';
import { printableText } from '../oci/printable-text.ts';
import { openRemoteTarget } from '../remote/open-remote.ts';
import type { ExportRequest } from '../transfer/export-content.ts';
import { type ExportOptions, type ExportReport, exportImages } from '../transfer/export-images.ts';
import { parsePlatform } from '../transfer/export-platform.ts';
import type { ExportProfile } from '../transfer/export-profile.ts';
import { exportToRegistry } from '../transfer/export-registry.ts';
import { type ExportTarget, parseExportTarget } from '../transfer/export-target.ts';
import type { ImageSource } from '../transfer/image-source.ts';
import { type OpenOptions, remoteOptions } from '../transfer/open-source.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';
import { exportRequests, type NamingOptions } from './export-references.ts';
import { jsonDocument } from './output-text.ts';
import { runCopy } from './progress.ts';
import { totalsLine } from './progress-totals.ts';
import { assertArchiveOutput, writeToStandardOutput } from './standard-output.ts';

export interface RunExportOptions extends OpenOptions, NamingOptions {
  readonly environment: Environment;
  readonly profile: ExportProfile;
  readonly platform: string | undefined;
  readonly json: boolean;
}

/** `words` are the REFs and, last, the TARGET. Returns the exit code. */
export async function runExport(words: readonly string[], options: RunExportOptions): Promise<number> {
  const target = words.at(-1);
  const references = words.slice(0, -1);
  if (target === undefined || references.length === 0) {
    throw new WrongReferenceError('an export needs a REF and a TARGET, such as: moorage export team/app:v1 app.tar');
  }
  // Of a shell variable without a value: as a path it would be the working directory.
  if (words.some((word) => word.trim() === '')) {
    throw new WrongReferenceError('a REF or the TARGET is empty; write . for the working directory');
  }
  const { profile, referrers, json } = options;
  const platform = platformOf(options.platform);
  if (profile === 'crane' && (references.length > 1 || referrers === true)) {
    throw new WrongReferenceError('a layout for crane holds exactly one image, and no referrers');
  }
  const where = parseExportTarget(target, surroundingsOnDisk(options));
  if (where.kind === 'registry') assertForRegistry(options);
  if (where.kind === 'output') assertArchiveOutput();
  const opened: ImageSource[] = [];
  try {
    const report = await runCopy({ ...options, afterStop: afterStop(target, where) }, async (progress, signal) => {
      const requests = await exportRequests(references, options, opened);
      return write(requests, where, { ...options, platform, progress, signal });
    });
    const output = where.kind === 'output' ? process.stderr : process.stdout;
    output.write(json ? jsonDocument({ target, profile, ...report }) : text(target, report));
    return 0;
  } finally {
    await Promise.all(opened.map((source) => source.close()));
  }
}

type WriteOptions = Omit<RunExportOptions, 'platform'> & Pick<ExportOptions, 'platform' | 'progress' | 'signal'>;

function write(
  requests: readonly ExportRequest[],
  target: ExportTarget,
  { referrers, progress, signal, ...options }: WriteOptions,
): Promise<ExportReport> {
  if (target.kind === 'registry') {
    const registry = openRemoteTarget(target.host, remoteOptions(target, options), signal);
    return exportToRegistry(requests, { ...options, referrers: referrers ?? true, registry, target, progress, signal });
  }
  const note = (message: string) => progress.note(message);
  const log = { info: () => {}, slow: note, warn: note };
  const output = (bytes: AsyncIterable<Uint8Array>) => writeToStandardOutput(bytes, signal);
  const file = target.kind === 'output' ? ({ kind: 'stream', write: output } as const) : target;
  return exportImages(requests, { ...options, referrers, target: file, log, progress, signal });
}

/** The forms are those of files, and the target itself says the name. */
function assertForRegistry({ profile, name }: RunExportOptions): void {
  if (profile !== 'oci')
    throw new WrongReferenceError(`--profile ${profile} is for archives and layouts, not for a registry`);
  if (name !== undefined)
    throw new WrongReferenceError('--name is for archives and layouts; a registry has it in the TARGET');
}

function platformOf(written: string | undefined) {
  if (written === undefined) return undefined;
  const platform = parsePlatform(written);
  if (platform === undefined)
    throw new WrongReferenceError(`--platform ${written}: write os/architecture, such as linux/arm64`);
  return platform;
}

function afterStop(target: string, { kind }: ExportTarget): string {
  if (kind === 'archive') return 'no archive was written';
  if (kind === 'output') return 'the archive on standard output is incomplete';
  if (kind === 'directory') return `${target} is unfinished: run the same command again to go on`;
  return 'what was pushed is kept there: run the same command again to go on';
}

const shownImages = 20;

function text(target: string, { images, totals }: ExportReport): string {
  const lines = images.slice(0, shownImages).map(({ name, digest }) => (name === digest ? name : `${name}  ${digest}`));
  const more = images.length > shownImages ? [`and ${images.length - shownImages} more`] : [];
  return `${[...lines, ...more, `${printableText(target)}: ${totalsLine(totals)}`].join('\n')}\n`;
}
