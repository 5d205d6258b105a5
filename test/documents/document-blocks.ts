// The blocks of a document that are run, as a reader would: what is served stays, the rest is run in order in one directory.

interface Place {
  readonly text: string;
  readonly line: number;
  /** Programs without which the block is left out. */
  readonly needs: readonly string[];
}

export type Block = Place &
  (
    | {
        /** Commands, one after the other; the first that fails is the failure. */
        readonly kind: 'run';
        /** The exit code of the last one. */
        readonly exit: number;
      }
    | {
        /** A server, which stays until the end. */
        readonly kind: 'serve';
        /** Where it listens once it is ready; undefined of moorage, which says so. */
        readonly port: string | undefined;
      }
    /** Each line is one of what the block before printed, or a part of one. */
    | { readonly kind: 'prints' }
    /** What a reader would write into the file of that name. */
    | { readonly kind: 'file'; readonly name: string }
  );

const fence = /^```([^\n]*)\n(.*?)^```$/gms;

/**
 * What is run of a document: ```` ```sh run ````, `sh serve`, `text prints`, and any language with `file=NAME`. Behind it may stand
 * `needs=PROGRAM,PROGRAM`, `exit=CODE` of what is to fail, and `port=5001` of a server that is not moorage. Other blocks are left out.
 */
export function blocksIn(document: string): readonly Block[] {
  const blocks: Block[] = [];
  for (const { words, text, line } of fencesIn(document)) {
    const [, kind] = words;
    const value = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
    const place = { text, line, needs: value('needs')?.split(',') ?? [] };
    const name = value('file');
    if (name !== undefined) blocks.push({ ...place, kind: 'file', name });
    else if (kind === 'run') blocks.push({ ...place, kind, exit: Number(value('exit') ?? 0) });
    else if (kind === 'serve') blocks.push({ ...place, kind, port: value('port') });
    // What is not run prints nothing.
    else if (kind === 'prints') blocks.push({ ...place, kind, needs: blocks.at(-1)?.needs ?? [] });
  }
  return blocks;
}

/** Lines of blocks of shell that say neither how they are run nor that they are not. */
export function untaggedIn(document: string): readonly number[] {
  const tags = ['run', 'serve', 'not-run'];
  return fencesIn(document).flatMap(({ words: [language, tag = ''], line }) =>
    language === 'sh' && !tags.includes(tag) ? [line] : [],
  );
}

function fencesIn(document: string) {
  return [...document.matchAll(fence)].map((match) => ({
    words: (match[1] ?? '').trim().split(/\s+/),
    text: match[2] ?? '',
    line: document.slice(0, match.index).split('\n').length,
  }));
}
