// Reads large manifests in a thread of their own: parsing one of several megabytes takes up to a second, and every request would wait.
// The thread is started with the first of them, serves all layouts of the process, and ends when none came for a while.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { parseJsonObject } from '../../oci/manifest.ts';
import { contentNamedIn, type NamedContent } from '../../oci/named-content.ts';
import { type ManifestOutline, outlineOf } from './manifest-outline.ts';
import { type PackedOutline, unpacked } from './packed-outline.ts';

/** What a manifest says, or which content a JSON document names in any of its fields. */
export type ManifestQuestion =
  | {
      readonly wants: 'outline';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly digest: Digest;
      readonly mediaType: string | undefined;
    }
  | { readonly wants: 'named'; readonly bytes: Uint8Array<ArrayBuffer> };

/** `refused` is the detail of a MANIFEST_INVALID. */
export type ManifestAnswer =
  | { readonly refused: string }
  | { readonly refused: undefined; readonly outline: PackedOutline }
  | { readonly refused: undefined; readonly named: readonly NamedContent[] };

/** Parsed within some milliseconds, whatever they hold; nearly all manifests are smaller. */
const maxAtOnceBytes = 64 * 1024;
const idleMs = 30_000;
/** Measured: 16 MiB with as many names and values as there may be need less than 150. */
const maxHeapMiB = 256;

/** By the package's own name for it: the executable is bundled, so the file does not lie beside this one there. */
const threadFile = '#manifest-thread';

class ManifestThread {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** One after the other: each has a copy of its manifest. */
  ask(question: () => ManifestQuestion): Promise<ManifestAnswer> {
    const answer = this.#last.then(() => this.#askNow(question()));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #askNow(question: ManifestQuestion): Promise<ManifestAnswer> {
    clearTimeout(this.#idle);
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      return await this.#answer(this.#worker, question);
    } catch (cause) {
      throw new RegistryError('UNAVAILABLE', { detail: 'the manifest could not be read', cause });
    } finally {
      this.#worker?.unref();
      this.#idle = setTimeout(() => this.#end(), idleMs).unref();
    }
  }

  #answer(worker: Worker, question: ManifestQuestion): Promise<ManifestAnswer> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        worker.off('message', onMessage).off('error', reject).off('exit', onExit);
        act();
      };
      const onMessage = (answer: ManifestAnswer) => settle(() => resolve(answer));
      const onExit = (code: number) => settle(() => reject(new Error(`the thread ended with ${code}`)));
      worker.on('message', onMessage).on('error', reject).on('exit', onExit);
      worker.postMessage(question, [question.bytes.buffer]);
    });
  }

  #start(): Worker {
    const worker = new Worker(createRequire(import.meta.url).resolve(threadFile), {
      name: 'manifests',
      // Flags of this process, a debugger's for one, are not for it.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB },
    });
    // The next manifest gets a new one. Without a listener an error would end the process.
    const forget = () => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    return worker.on('error', forget).on('exit', forget);
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

const thread = new ManifestThread();

/**
 * The outline of a manifest of any size; what is left to do here never takes long.
 * Refuses with MANIFEST_INVALID (400); UNAVAILABLE (503) when the thread ends over it.
 */
export async function readOutline(
  bytes: Uint8Array,
  digest: Digest,
  mediaType: string | undefined,
): Promise<ManifestOutline> {
  if (bytes.byteLength <= maxAtOnceBytes) return outlineOf(bytes, digest, mediaType);
  const answer = await thread.ask(() => ({ wants: 'outline', bytes: new Uint8Array(bytes), digest, mediaType }));
  if (answer.refused !== undefined) throw new RegistryError('MANIFEST_INVALID', { detail: answer.refused });
  if (!('outline' in answer)) throw new RegistryError('UNAVAILABLE', { detail: 'the manifest could not be read' });
  return unpacked(answer.outline);
}

/** The same where what is no such JSON is an answer as well: undefined. */
export async function namedIn(bytes: Uint8Array): Promise<readonly NamedContent[] | undefined> {
  try {
    return await readNamed(bytes);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}

/** All content that a JSON object names, in any of its fields. Refuses with MANIFEST_INVALID (400) what is none, or deeper than manifests are. */
async function readNamed(bytes: Uint8Array): Promise<readonly NamedContent[]> {
  if (bytes.byteLength <= maxAtOnceBytes) return [...contentNamedIn(parseJsonObject(bytes))];
  const answer = await thread.ask(() => ({ wants: 'named', bytes: new Uint8Array(bytes) }));
  if (answer.refused !== undefined) throw new RegistryError('MANIFEST_INVALID', { detail: answer.refused });
  if (!('named' in answer)) throw new RegistryError('UNAVAILABLE', { detail: 'the manifest could not be read' });
  return answer.named;
}
