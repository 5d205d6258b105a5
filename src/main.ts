#!/usr/bin/env node
// The executable: hands the command line to cli/ and ends with its exit code.
import module from 'node:module';

// Node 22 and later keep the compiled code of the next start (a third off the start time); Node 20 has no such function.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

const { runCommandLine } = await import('./cli/command-line.ts');

const exitCode = await runCommandLine(process.argv.slice(2), process.env);
// Not before what was printed has left the process: standard output may be a pipe.
process.stdout.write('', () => process.exit(exitCode));
