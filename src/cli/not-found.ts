// What to say when a repository or an image is not there: what was looked for, where, and what there is instead.
import { RegistryError } from '../oci/error-code.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { ImageSource } from '../transfer/image-source.ts';
import { shortList } from '../transfer/open-source.ts';
import { CommandError } from './failure.ts';

/** The result of `asked`; for what does not exist, a CommandError that names what does. */
export async function orWhatIsThere<Result>(
  source: ImageSource,
  repository: RepositoryName,
  reference: Reference | undefined,
  asked: Promise<Result>,
): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.code !== 'NAME_UNKNOWN' && error.code !== 'MANIFEST_UNKNOWN') throw error;
    throw new CommandError(await explanation(source, repository, reference), { cause: error });
  }
}

async function explanation(
  source: ImageSource,
  repository: RepositoryName,
  reference: Reference | undefined,
): Promise<string> {
  const tags = await ifAnswered(source.tags(repository));
  if (tags === undefined || reference === undefined) {
    const names = await ifAnswered(source.repositories());
    const instead = names === undefined ? '' : `; its repositories: ${shortList(names)}`;
    return `${source.description} has no repository "${repository}"${instead}`;
  }
  if (reference.kind === 'tag' && tags.includes(reference.tag)) {
    return `${repository} in ${source.description} lists the tag "${reference.tag}", and what it names is not there`;
  }
  const what = reference.kind === 'tag' ? `tag "${reference.tag}"` : `manifest ${reference.digest}`;
  return `${repository} in ${source.description} has no ${what}; its tags: ${shortList(tags)}`;
}

/** These questions only make a message better: what a registry does not tell is left out of it. */
async function ifAnswered<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
