// Shows one image with all that belongs to it.
import type { Reference } from '../oci/reference.ts';
import { imageTree } from '../transfer/image-tree.ts';
import { type OpenOptions, openImage } from '../transfer/open-source.ts';
import { orWhatIsThere } from './not-found.ts';
import { drawsUnicode, jsonDocument } from './output-text.ts';
import { textTree } from './output-tree.ts';
import { treeLine } from './tree-lines.ts';

export interface TreeOutput extends OpenOptions {
  readonly json: boolean;
  /** Short digests. */
  readonly truncated: boolean;
}

/** Throws what failureOf explains when the image cannot be found. */
export async function tree(ref: string, { json, truncated, ...options }: TreeOutput): Promise<void> {
  const { source, repository, reference } = await openImage(ref, options);
  try {
    const image = await orWhatIsThere(source, repository, reference, imageTree(source, repository, reference));
    const name = `${repository}${shownReference(reference)}`;
    const text = json
      ? jsonDocument({ reference: name, source: source.description, image })
      : textTree(treeLine(image, truncated, name), {
          inUnicode: drawsUnicode(process.stdout.isTTY === true, options.environment),
        });
    process.stdout.write(text);
  } finally {
    await source.close();
  }
}

function shownReference(reference: Reference): string {
  return reference.kind === 'tag' ? `:${reference.tag}` : `@${reference.digest}`;
}
