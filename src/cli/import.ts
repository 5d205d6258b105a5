// Imports into the registry below --root, by the code that also serves it, and says what was done.

import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { commandDeskOf } from '../events-of.ts';
import { openMounts } from '../mounts/open-mounts.ts';
import { userCacheDirectory } from '../mounts/work-directory.ts';
import { printableText } from '../oci/printable-text.ts';
import { isRepositoryName, isTag, type RepositoryName } from '../oci/reference.ts';
import { rulesForCommand } from '../registry/layout-rules.ts';
import { Registry } from '../registry/registry.ts';
import { type ImportOptions, type ImportReport, importImages } from '../transfer/import-images.ts';
import { type ImportTarget, planImport } from '../transfer/import-plan.ts';
import { type OpenedSource, type OpenOptions, openSource } from '../transfer/open-source.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { openStreamSource, streamName } from '../transfer/stream-source.ts';
import { exitCodes } from './failure.ts';
import { layoutNameOf } from './import-layout-name.ts';
import { orWhatIsThere } from './not-found.ts';
import { warningsOnly } from './open-options.ts';
import { jsonDocument } from './output-text.ts';
import { runCopy } from './progress.ts';
import { totalsLine } from './progress-totals.ts';
import { standardInput, standardInputBytes } from './standard-input.ts';

export interface ImportRequest extends OpenOptions {
  readonly environment: Environment;
  readonly referrers: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
}

/** Returns the exit code. Throws what failureOf and sourceFailureOf explain when nothing could be imported. */
export async function runImport(from: string, name: string | undefined, asked: ImportRequest): Promise<number> {
  // --root is where the images go.
  const request = { ...asked, isRootGiven: false };
  const target = name === undefined ? undefined : parseTarget(name);
  const afterStop = 'what was copied is kept: run the same command again to go on';
  const { source, ...report } = await runCopy({ ...request, afterStop }, async (progress, signal) => {
    if (from === standardInput) {
      const opened = await openStreamSource(standardInputBytes(signal), 'standard input', request);
      try {
        return await copied(opened, target, streamName, request, { progress, signal });
      } finally {
        await opened.discard();
      }
    }
    const opened = await openSource(from, request);
    try {
      return await copied(opened, target, layoutNameOf(from, request), request, { progress, signal });
    } finally {
      await opened.source.close();
    }
  });
  process.stdout.write(request.json ? jsonDocument({ source, ...report }) : text(report));
  return report.failed.length > 0 ? exitCodes.failure : 0;
}

async function copied(
  opened: OpenedSource,
  target: ImportTarget | undefined,
  within: string | undefined,
  request: ImportRequest,
  { progress, signal }: Pick<ImportOptions, 'progress' | 'signal'>,
): Promise<ImportReport & { readonly source: string }> {
  const { source, repository, reference } = opened;
  const { referrers } = request;
  const planning = plan(opened, target, within, referrers);
  const { images, notes } = await (repository === undefined
    ? planning
    : orWhatIsThere(source, repository, reference, planning));
  const registry = await openRoot(request);
  try {
    const into = (name: RepositoryName) => registry.writable(name);
    for (const note of notes) progress.note(note);
    const report = await importImages(images, { source, repository: into, referrers, progress, signal });
    return { source: source.description, ...report, notes: [...notes, ...report.notes] };
  } finally {
    await registry.close();
  }
}

async function plan(
  { source, repository, reference, ownName }: OpenedSource,
  target: ImportTarget | undefined,
  within: string | undefined,
  referrers: boolean,
) {
  const planned = await planImport(source, { repository, reference, within, referrers }, target ?? ownName);
  // One image that was named is looked for before anything is opened for writing.
  const [only] = planned.images;
  if (reference !== undefined && only !== undefined) await source.manifest(only.from, reference);
  return planned;
}

function parseTarget(written: string): ImportTarget {
  const colon = written.lastIndexOf(':');
  const name = colon < 0 ? written : written.slice(0, colon);
  const tag = colon < 0 ? undefined : written.slice(colon + 1);
  if (!isRepositoryName(name)) {
    throw new WrongReferenceError(
      `"${name}" is not a repository name: lower-case letters and digits, separated by one of . _ __ or dashes, joined by /`,
    );
  }
  if (tag === undefined) return { name, tag: undefined };
  if (!isTag(tag)) throw new WrongReferenceError(`"${tag}" is not a tag`);
  return { name, tag };
}

async function openRoot({ environment, config, root, rules }: ImportRequest): Promise<Registry> {
  const settings = await loadSettings({ flags: [], environment, file: config });
  const log = warningsOnly;
  const mounts = await openMounts({
    paths: [],
    root,
    readOnly: false,
    cacheDirectory: userCacheDirectory(environment),
    fileMode: settings.storage.fileMode,
    directoryMode: settings.storage.directoryMode,
    minFree: settings.storage.minFree,
    links: rules.links,
    log,
  });
  return new Registry({
    mounts,
    log,
    rules: rulesForCommand(rules),
    desk: commandDeskOf(settings, log),
  });
}

const shownImages = 20;

function text({ images, failed, totals }: ImportReport): string {
  const lines = images.map(({ from, reference, to, tag, digest }) => {
    const as = reference.includes(':') ? `@${reference}` : `:${reference}`;
    return `${from}${as} -> ${to}${tag === undefined ? `@${digest}` : `:${tag}`}`;
  });
  const more = lines.length > shownImages ? [`and ${lines.length - shownImages} more`] : [];
  const failures = failed.map(({ from, reference, reason }) =>
    printableText(`not imported: ${from} ${reference}: ${reason}`),
  );
  return `${[...lines.slice(0, shownImages), ...more, ...failures, totalsLine(totals)].join('\n')}\n`;
}
