// The executable of a worker: one of several processes of a server, started by its parent (workers/supervisor.ts).
start();

async function start(): Promise<void> {
  const { keepCompiledCode } = await import('./compiled-code.ts');
  keepCompiledCode(await import('node:module'), process.env);
  const { serveAsWorker } = await import('./cli/serve-worker.ts');
  process.exit(await serveAsWorker());
}
