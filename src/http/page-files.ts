// The files of the web page: few, small, known since the build, and held in memory once somebody has opened it. Nothing of a request becomes a path.
import { gzipSync } from 'node:zlib';

/** By name, without a directory. Empty where the page was not built. */
export type PackagedFiles = ReadonlyMap<string, Uint8Array>;

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly gzip: Uint8Array;
}

export const firstPage = 'index.html';

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

export class PageFiles {
  readonly #load: () => Promise<PackagedFiles>;
  #files: Promise<ReadonlyMap<string, PageFile>> | undefined;

  constructor(load: () => Promise<PackagedFiles> = async () => new Map()) {
    this.#load = load;
  }

  /** Undefined for what the page does not have. */
  async file(name: string): Promise<PageFile | undefined> {
    this.#files ??= this.#all();
    return (await this.#files).get(name);
  }

  async #all(): Promise<ReadonlyMap<string, PageFile>> {
    const files = new Map<string, PageFile>();
    for (const [name, bytes] of await this.#load()) {
      const type = types[name.slice(name.lastIndexOf('.') + 1)];
      if (type !== undefined) files.set(name, { type, bytes, gzip: gzipSync(bytes, { level: 9 }) });
    }
    return files;
  }
}
