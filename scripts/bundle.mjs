// Bundles what tsc has compiled. The executable: a start then reads five files instead of hundreds, which takes little more than
// half the time on Node 20 (it has no compile cache). The library as one CommonJS file, for programs and test runners (jest) that
// load packages with require(). For import, dist/index.js stays as tsc wrote it.
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

// koffi is optional and loads a binary of its own; package.json, and the files of threads, are read where they are.
const external = ['koffi', 'moorage/package.json', '#manifest-thread', '#password-thread', '#server-worker'];
/** What works by require() itself. The rest is taken in: import() is not to be had everywhere. */
const commonJs = ['fastify', 'pino', 'proper-lockfile', 'tar-stream', 'lru-cache', 'zod'];

const rolldown = await load();
if (rolldown !== undefined) {
  await bundle(['dist/main.js', 'dist/server-worker.js'], external, {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'bundle/[name].js',
    // Two files of what several commands share, instead of one for each set of commands that share something: each file takes milliseconds.
    codeSplitting: {
      groups: [
        { name: baseOf(join('dist', 'cli', 'command-line.js')), debugName: 'base', priority: 2 },
        { name: 'shared', minShareCount: 2, priority: 1 },
      ],
    },
  });
  await bundle('dist/index.js', [...external, ...commonJs], {
    file: 'dist/index.cjs',
    format: 'cjs',
    codeSplitting: false,
  });
  // It names types of fastify only, which are the same for both.
  copyFileSync('dist/index.d.ts', 'dist/index.d.cts');
}

/** What every command begins with, also one that only says its version. */
function baseOf(first) {
  let base;
  return (id, context) => {
    base ??= reachedFrom(resolve(first), context);
    return base.has(id) ? 'base' : null;
  };
}

/** By imports that are not awaited. */
function reachedFrom(first, context) {
  const reached = new Set([first]);
  for (const id of reached) for (const next of context.getModuleInfo(id)?.importedIds ?? []) reached.add(next);
  return reached;
}

async function bundle(input, outside, output) {
  // Files that are loaded together are named one by one where they are loaded; that one of them loads another is no mistake.
  const checks = { ineffectiveDynamicImport: false };
  const made = await rolldown({ input, platform: 'node', external: outside, checks });
  await made.write(output);
  await made.close();
}

/** Its native part wants a C library, which a container image made FROM scratch may lack: the program works unbundled too. */
async function load() {
  try {
    return (await import('rolldown')).rolldown;
  } catch (error) {
    console.error(
      `dist/main.js is not bundled and starts slower, and require() finds no library: rolldown does not load here (${error.message.split('.', 1)[0]})`,
    );
    return undefined;
  }
}
