// Compiles what a command runs. With --if-changed only when a source is not as it was at the last build that ran to its end.
// With --clean nothing of an earlier build stays, such as what was made of a source that is gone: for what is published.
//
//   node scripts/build.mjs [--if-changed | --clean] TARGET...      executable: dist/, tools: build/
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

refuseOldNode();

const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs'];
const tsc = join('node_modules', 'typescript', 'bin', 'tsc');

const targets = {
  executable: {
    sources: ['src', 'page', 'tsconfig.build.json', 'scripts/bundle.mjs', 'scripts/build-page.mjs', ...settings],
    steps: [[tsc, '-p', 'tsconfig.build.json'], [join('scripts', 'bundle.mjs')], [join('scripts', 'build-page.mjs')]],
    directory: 'dist',
    output: join('dist', 'main.js'),
    stamp: join('dist', '.built-from'),
  },
  tools: {
    sources: ['src', 'conformance', 'bench', 'test', 'tsconfig.tools.json', ...settings],
    steps: [[tsc, '-p', 'tsconfig.tools.json']],
    directory: 'build',
    output: join('build', 'src', 'main.js'),
    stamp: join('build', '.built-from'),
  },
};

/** `npm start` on a fresh clone comes here first, and a compiler on an old Node only fails in its own way. */
function refuseOldNode() {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [floor, now] = [engines.node, process.versions.node].map((text) => text.match(/\d+/g).map(Number));
  if (now[0] > floor[0] || (now[0] === floor[0] && now[1] >= floor[1])) return;
  console.error(`moorage needs Node ${floor[0]}.${floor[1]} or newer, and this is Node ${process.versions.node}`);
  process.exit(1);
}

/** By content: a checkout or a copy of the project changes the times of files that are the same. */
function digestOf(sources) {
  const hash = createHash('sha256');
  for (const path of sources.flatMap(filesOf)) {
    const content = existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'absent';
    hash.update(`${path} ${content}\n`);
  }
  return hash.digest('hex');
}

function filesOf(source) {
  if (/\.\w+$/.test(source)) return [source];
  if (!existsSync(source)) return [];
  const below = readdirSync(source, { recursive: true }).filter((name) => /\.(?:tsx?|mjs|json|html|css)$/.test(name));
  return below.sort().map((name) => join(source, name));
}

/** The digest is taken first, so that what is edited meanwhile counts as changed; a build that fails or is cut off leaves none. */
function build({ sources, steps, stamp }) {
  const digest = digestOf(sources);
  rmSync(stamp, { force: true });
  for (const step of steps) {
    const { status, error } = spawnSync(process.execPath, step, { stdio: 'inherit' });
    if (error !== undefined) throw error;
    if (status !== 0) process.exit(status ?? 1);
  }
  writeFileSync(stamp, digest);
}

function isBuilt({ sources, output, stamp }) {
  return existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOf(sources);
}

const { values: flags, positionals: names } = parseArgs({
  options: { 'if-changed': { type: 'boolean' }, clean: { type: 'boolean' } },
  allowPositionals: true,
});
for (const name of names) {
  const target = targets[name];
  if (target === undefined) throw new Error(`no such target: ${name}`);
  if (flags.clean) rmSync(target.directory, { recursive: true, force: true });
  if (!flags['if-changed'] || !isBuilt(target)) build(target);
}
