// What the thread for large manifests runs (manifest-thread.ts starts it).
import { parentPort } from 'node:worker_threads';
import { RegistryError } from '../../oci/error-code.ts';
import { outlineOf } from './manifest-outline.ts';
import type { OutlineAnswer, OutlineQuestion } from './manifest-thread.ts';
import { packed, partsOf } from './packed-outline.ts';

parentPort?.on('message', (question: OutlineQuestion) => {
  const answer = answerTo(question);
  parentPort?.postMessage(answer, answer.refused === undefined ? partsOf(answer.outline) : []);
});

function answerTo({ bytes, digest, mediaType }: OutlineQuestion): OutlineAnswer {
  try {
    return { refused: undefined, outline: packed(outlineOf(bytes, digest, mediaType)) };
  } catch (error) {
    // Anything else is a mistake of ours: it ends the thread, and is an error where the answer is awaited.
    if (!(error instanceof RegistryError)) throw error;
    return { refused: error.entries[0]?.detail ?? error.message };
  }
}
