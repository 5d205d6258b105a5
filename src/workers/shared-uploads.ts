// Uploads belong to the server: whichever worker gets the next request of one goes on with it, and has the worker that had it let go. The
// parent is asked for that, so that of two workers that want one at the same time the second waits for the first.
//
// An upload is not sent on to the worker that began it: bytes that are received twice cost 0.4 s of CPU a GB, while a client that sends one
// chunk (docker, podman, skopeo, crane) leaves a hash behind that is handed over with it, and costs one question.
import type { UploadId } from '../oci/upload-id.ts';
import type { Registry } from '../registry/registry.ts';
import type { HashedBytes, SharedUpload, UploadSharers } from '../registry/upload-sharers.ts';
import type { MessageExchange } from './message-exchange.ts';
import { ProcessGoneError } from './message-exchange.ts';
import { type ProcessNumber, parentNumber } from './messages.ts';
import type { WorkerLink } from './worker-link.ts';

const takeTopic = 'take upload';
const letGoTopic = 'let go of upload';
const endedTopic = 'upload ended';

export class SharedUploads implements UploadSharers {
  readonly owner: string;
  readonly #exchange: MessageExchange;

  constructor({ exchange, order }: WorkerLink<unknown>) {
    this.#exchange = exchange;
    this.owner = order.server;
  }

  serve(registry: Registry): void {
    this.#exchange.answer(letGoTopic, async (question) => {
      const { mount, id } = question as SharedUpload;
      return registry.sessionsOf(mount)?.letGo(id);
    });
    this.#exchange.listen(endedTopic, (news) => {
      const { mount, id } = news as SharedUpload;
      registry.sessionsOf(mount)?.endedElsewhere(id);
    });
  }

  async take(upload: SharedUpload): Promise<HashedBytes | undefined> {
    return (await this.#exchange.ask(parentNumber, takeTopic, upload)) as HashedBytes | undefined;
  }

  tellEnded(upload: SharedUpload): void {
    this.#exchange.tell(endedTopic, upload);
  }
}

/** The parent's part. `workers`: all that ever listened and did not end. */
export function arbitrateUploads(exchange: MessageExchange, workers: () => readonly ProcessNumber[]): void {
  const turns = new Map<UploadId, Promise<unknown>>();
  exchange.answer(takeTopic, async (question, asker) => {
    const { id } = question as SharedUpload;
    const before = turns.get(id);
    const taken = Promise.resolve(before).then(() =>
      letGo(
        exchange,
        question,
        workers().filter((each) => each !== asker),
      ),
    );
    turns.set(
      id,
      taken.catch(() => {}),
    );
    const own = turns.get(id);
    try {
      return await taken;
    } finally {
      if (turns.get(id) === own) turns.delete(id);
    }
  });
}

/** Whoever has ended has nothing open any more. */
async function letGo(
  exchange: MessageExchange,
  question: unknown,
  others: readonly ProcessNumber[],
): Promise<HashedBytes | undefined> {
  const answers = others.map((each) =>
    exchange.ask(each, letGoTopic, question).catch((error: unknown) => {
      if (error instanceof ProcessGoneError) return undefined;
      throw error;
    }),
  );
  const hashed = (await Promise.all(answers)) as readonly (HashedBytes | undefined)[];
  return hashed.find((each) => each !== undefined);
}
