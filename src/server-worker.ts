// The executable of a worker: one of several processes of a server, started by its parent (workers/supervisor.ts).
start();

async function start(): Promise<void> {
  const module = await import('node:module');
  const { enableCompileCache } = module as { enableCompileCache?: () => void };
  if (enableCompileCache !== undefined) enableCompileCache();
  const { serveAsWorker } = await import('./cli/serve-worker.ts');
  process.exit(await serveAsWorker());
}
