// A worker that cannot start, in words for whoever started the server.

export class WorkerFailedError extends Error {
  override readonly name = 'WorkerFailedError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
