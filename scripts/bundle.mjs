// Bundles what tsc has compiled. The executable: a start then reads five files instead of hundreds, which takes little more than
// half the time on Node 20 (it has no compile cache). The library as one CommonJS file, for programs and test runners (jest) that
// load packages with require(). For import, dist/index.js stays as tsc wrote it.
import { copyFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';

// koffi is optional and loads a binary of its own; package.json, and the files of threads, are read where they are.
const external = ['koffi', 'moorage/package.json', '#manifest-thread', '#password-thread', '#server-worker'];
/** Fastify loads them for schemas, and to be asked without a socket: the executable has no use for either. */
const neverLoaded = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];
/** What works by require() itself. The rest is taken in: import() is not to be had everywhere. */
const commonJs = ['fastify', 'pino', 'proper-lockfile', 'tar-stream', 'lru-cache', 'zod'];

/**
 * An import of a builtin module goes through the loader, and asks for each of its exports: of node:http that loads all of fetch on Node 22 and
 * later, a quarter of a start. A call takes what is named, at once.
 */
const builtinsByCall = {
  name: 'builtins-by-call',
  renderChunk: (code) => code.replaceAll(/^import (.+) from "((?:node:)?[a-z\d_/]+)";$/gm, byCall),
};

const rolldown = await load();
if (rolldown !== undefined) {
  await bundle(['dist/main.js', 'dist/server-worker.js'], [...external, ...neverLoaded], {
    plugins: [builtinsByCall],
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'bundle/[name].js',
    // Three files of what several commands share, instead of one for each set of commands that share something: each file takes milliseconds,
    // and so does each hundred kilobytes that a start does not need.
    codeSplitting: {
      groups: [
        // What begins beside the rest of a start must not wait for it.
        { name: allOf('early', join('dist', 'cli', 'early-worker.js')), debugName: 'early', priority: 4 },
        { name: allOf('forked', join('dist', 'workers', 'forked-worker.js')), debugName: 'forked', priority: 4 },
        { name: allOf('base', join('dist', 'cli', 'command-line.js')), debugName: 'base', priority: 3 },
        // The parent of several processes has no part in serving.
        { name: allOf('leader', join('dist', 'cli', 'serve-workers.js')), debugName: 'leader', priority: 2.5 },
        { name: allOf('serve', join('dist', 'cli', 'serve.js')), debugName: 'serve', priority: 2.5 },
        { name: allOf('server', join('dist', 'cli', 'serve-alone.js')), debugName: 'server', priority: 2 },
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

function byCall(statement, names, module) {
  if (!isBuiltin(module)) return statement;
  const { whole, some } = /^(?:\* as )?(?<whole>[\w$]+)?(?:, )?(?<some>\{.+\})?$/.exec(names).groups;
  const call = `process.getBuiltinModule("${module}")`;
  const named = some === undefined ? '' : `const ${some.replaceAll(' as ', ': ')} = ${whole ?? call};`;
  return whole === undefined ? named : `const ${whole} = ${call};${named}`;
}

/** All that a file loads: what every command begins with, also one that only says its version; what a server starts with. */
function allOf(name, first) {
  let all;
  return (id, context) => {
    all ??= reachedFrom(resolve(first), context);
    return all.has(id) ? name : null;
  };
}

/** By imports that are not awaited. */
function reachedFrom(first, context) {
  const reached = new Set([first]);
  for (const id of reached) for (const next of context.getModuleInfo(id)?.importedIds ?? []) reached.add(next);
  return reached;
}

async function bundle(input, outside, { plugins = [], ...output }) {
  // Files that are loaded together are named one by one where they are loaded; that one of them loads another is no mistake.
  const checks = { ineffectiveDynamicImport: false };
  const made = await rolldown({ input, platform: 'node', external: outside, checks, plugins });
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
