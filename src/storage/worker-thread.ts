// Work that takes long goes to a thread of its own, so that no request waits for it. The thread is started with the first question, and
// ends when none came for a while.
import { createRequire } from 'node:module';
import { type Transferable, Worker } from 'node:worker_threads';

export interface ThreadOptions {
  /** By the package's own name for it (`imports` in package.json): the executable is bundled, so no file lies beside another there. */
  readonly file: `#${string}`;
  readonly name: string;
  readonly maxHeapMiB: number;
}

export interface ThreadQuestion<Asked> {
  readonly asked: Asked;
  readonly transfer: readonly Transferable[];
}

const idleMs = 30_000;

export class WorkerThread<Asked, Answer> {
  readonly #options: ThreadOptions;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** One after the other; `question` is made when its turn comes. Fails when the thread ends over it; the next one gets a new thread. */
  ask(question: () => ThreadQuestion<Asked>): Promise<Answer> {
    const answer = this.#last.then(() => this.#askNow(question()));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #askNow(question: ThreadQuestion<Asked>): Promise<Answer> {
    clearTimeout(this.#idle);
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      return await this.#answer(this.#worker, question);
    } finally {
      this.#worker?.unref();
      this.#idle = setTimeout(() => this.#end(), idleMs).unref();
    }
  }

  #answer(worker: Worker, { asked, transfer }: ThreadQuestion<Asked>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        worker.off('message', onMessage).off('error', reject).off('exit', onExit);
        act();
      };
      const onMessage = (answer: Answer) => settle(() => resolve(answer));
      const onExit = (code: number) => settle(() => reject(new Error(`the thread ended with ${code}`)));
      worker.on('message', onMessage).on('error', reject).on('exit', onExit);
      worker.postMessage(asked, transfer);
    });
  }

  #start(): Worker {
    const { file, name, maxHeapMiB } = this.#options;
    const worker = new Worker(createRequire(import.meta.url).resolve(file), {
      name,
      // Flags of this process, a debugger's for one, are not for it.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB },
    });
    // The next question gets a new one. Without a listener an error would end the process.
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
