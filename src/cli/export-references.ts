// From the REFs of an export to the images that they name, with the full names that engines will show.
import { cosignTagParts } from '../oci/cosign-tag.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { ExportRequest } from '../transfer/export-content.ts';
import { type FullName, fullNameOf, parseFullName } from '../transfer/export-name.ts';
import type { ImageSource } from '../transfer/image-source.ts';
import { type OpenedSource, type OpenOptions, onlyReference, openSource, shortList } from '../transfer/open-source.ts';
import { nameWithin } from '../transfer/own-name.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { CommandError } from './failure.ts';
import { layoutNameOf, parsedSource } from './import-layout-name.ts';
import { orWhatIsThere } from './not-found.ts';

export interface NamingOptions {
  /** Every tag, and what has none, where a REF says none. */
  readonly allTags: boolean;
  /** False: cosign's are none of them. */
  readonly referrers: boolean | undefined;
  /** `--name`, as it was written. */
  readonly name: string | undefined;
}

/** The caller closes the sources, also when this throws: each is added to `opened` as soon as it is open. */
export async function exportRequests(
  references: readonly string[],
  { name, ...options }: NamingOptions & OpenOptions,
  opened: ImageSource[],
): Promise<readonly ExportRequest[]> {
  const fullName = name === undefined ? undefined : parseName(name);
  const requests: ExportRequest[] = [];
  for (const written of references) {
    const found = await openSource(written, options);
    opened.push(found.source);
    requests.push(...(await requestsFor(found, namingOf(written, options), options)));
  }
  return fullName === undefined ? requests : [named(requests, fullName)];
}

type TakenTags = Pick<NamingOptions, 'allTags' | 'referrers'>;

async function requestsFor(opened: OpenedSource, naming: Naming, taken: TakenTags): Promise<ExportRequest[]> {
  const { source, repository, reference } = opened;
  if (repository === undefined && !taken.allTags) {
    const names = await source.repositories();
    throw new CommandError(
      `${source.description} has several repositories; name one of them, or take all with --all-tags: ${shortList(names)}`,
    );
  }
  const names = repository === undefined ? await source.repositories() : [repository];
  const requests: ExportRequest[] = [];
  for (const name of names) {
    const references = await referencesIn(source, name, reference, taken);
    for (const each of references) {
      requests.push({
        origin: { source, repository: name },
        reference: each,
        fullName: naming.fullName(name),
        ownName: naming.ownName(name),
        isAmongOthers: names.length > 1,
        isOfAllTags: taken.allTags && reference === undefined,
        tag: each.kind === 'tag' ? each.tag : undefined,
      });
    }
  }
  return requests;
}

async function referencesIn(
  source: ImageSource,
  name: RepositoryName,
  reference: Reference | undefined,
  { allTags, referrers }: TakenTags,
): Promise<readonly Reference[]> {
  if (reference !== undefined) {
    await orWhatIsThere(source, name, reference, source.manifest(name, reference));
    return [reference];
  }
  const all = await orWhatIsThere(source, name, undefined, source.tags(name));
  const tags = all.filter((tag) => cosignTagParts(tag) === undefined);
  if (allTags) {
    const untagged = await source.untagged(name);
    return [...(referrers === false ? tags : all).map(byTag), ...untagged.map(byDigest)];
  }
  return [await onlyReference(source, name, ', or --all-tags')];
}

function byTag(tag: Tag): Reference {
  return { kind: 'tag', tag };
}

function byDigest(digest: Digest): Reference {
  return { kind: 'digest', digest };
}

interface Naming {
  /** Without the name of the file that it comes from. */
  ownName(name: RepositoryName): RepositoryName;
  /** As engines are to know it: with its registry. */
  fullName(name: RepositoryName): string;
}

function namingOf(written: string, options: OpenOptions): Naming {
  const parsed = parsedSource(written, options);
  if (parsed.kind === 'remote')
    return { ownName: (name) => name, fullName: (name) => fullNameOf(`${parsed.host}/${name}`) };
  const within = layoutNameOf(written, options);
  const ownName = (name: RepositoryName) => nameWithin(name, within);
  return { ownName, fullName: (name) => fullNameOf(ownName(name)) };
}

function parseName(written: string): FullName {
  const parsed = parseFullName(written);
  if (parsed !== undefined) return parsed;
  throw new WrongReferenceError(
    `--name ${written}: no name that docker would accept, such as team/app:v1 or registry.example.com/team/app`,
  );
}

function named(requests: readonly ExportRequest[], { repository, tag }: FullName): ExportRequest {
  const [only] = requests;
  if (only === undefined || requests.length > 1) {
    throw new WrongReferenceError(`--name is for one image, and ${requests.length} are to be exported`);
  }
  return { ...only, fullName: repository, tag: tag ?? only.tag };
}
