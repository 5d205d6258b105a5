// The executable of a worker: one of several processes of a server, started by its parent (workers/supervisor.ts).

// Before anything is loaded: what a terminal or a service manager sends to all of them is their parent's to answer, and a worker that
// it ended would be missed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
start();

async function start(): Promise<void> {
  const { keepCompiledCode } = await import('./compiled-code.ts');
  keepCompiledCode(await import('node:module'), process.env);
  const { serveAsWorker } = await import('./cli/serve-worker.ts');
  process.exit(await serveAsWorker());
}
