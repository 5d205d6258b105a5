#!/usr/bin/env node
// The executable: hands the command line to cli/ and ends with its exit code. Its own syntax is old, so that a Node that is too old
// for the rest can still read it and say so in one line.

/** As in package.json, `engines`. */
const floor = { major: 20, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < floor.major || (major === floor.major && minor < floor.minor)) {
  const needed = `${floor.major}.${floor.minor}`;
  process.stderr.write(`moorage needs Node ${needed} or newer, and this is Node ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  // What it throws is a fault of ours, and ends the process with its trace.
  start();
}

async function start(): Promise<void> {
  const { keepCompiledCode } = await import('./compiled-code.ts');
  keepCompiledCode(await import('node:module'), process.env);
  const args = process.argv.slice(2);
  const { beginEarly } = await import('./cli/early-worker.ts');
  await beginEarly(args, process.env);
  const { runCommandLine } = await import('./cli/command-line.ts');
  const exitCode = await runCommandLine(args, process.env);
  // Not before what was printed has left the process: standard output may be a pipe.
  process.stdout.write('', () => process.exit(exitCode));
}
