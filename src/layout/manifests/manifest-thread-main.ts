// What the thread for large manifests runs (manifest-thread.ts starts it).
import { parentPort } from 'node:worker_threads';
import { RegistryError } from '../../oci/error-code.ts';
import { parseJsonObject } from '../../oci/manifest.ts';
import { contentNamedIn } from '../../oci/named-content.ts';
import { outlineOf } from './manifest-outline.ts';
import type { ManifestAnswer, ManifestQuestion } from './manifest-thread.ts';
import { packed, partsOf } from './packed-outline.ts';

parentPort?.on('message', (question: ManifestQuestion) => {
  const answer = answerTo(question);
  parentPort?.postMessage(answer, 'outline' in answer ? partsOf(answer.outline) : []);
});

function answerTo(question: ManifestQuestion): ManifestAnswer {
  try {
    if (question.wants === 'named')
      return { refused: undefined, named: [...contentNamedIn(parseJsonObject(question.bytes))] };
    const { bytes, digest, mediaType } = question;
    return { refused: undefined, outline: packed(outlineOf(bytes, digest, mediaType)) };
  } catch (error) {
    // Anything else is a mistake of ours: it ends the thread, and is an error where the answer is awaited.
    if (!(error instanceof RegistryError)) throw error;
    return { refused: error.entries[0]?.detail ?? error.message };
  }
}
