// A server that somebody else runs as one of several processes of node:cluster, as `pm2 -i` does, is one process.
import { expect, it } from 'vitest';
import { program, runShell, scratchDirectory } from './moorage-process.ts';

const script = `
const cluster = require('node:cluster');
cluster.setupPrimary({ exec: process.argv[1], args: ['serve', '--listen', '127.0.0.1:0', '--workers', '2'], execArgv: [], silent: true });
const worker = cluster.fork();
worker.process.stdout.on('data', (text) => {
  process.stdout.write(text);
  if (String(text).includes('Ctrl-C')) worker.process.kill('SIGTERM');
});
worker.process.stderr.pipe(process.stderr);
worker.on('exit', (code) => process.exit(code));
`;

it('starts, answers and stops', async () => {
  const directory = await scratchDirectory();
  const exit = await runShell(`"${process.execPath}" -e '${script.replaceAll("'", '"')}' "${program}"`, { directory });
  expect(exit).toMatchObject({ code: 0, stdout: expect.stringContaining('http://127.0.0.1:') });
  expect(exit.stderr).not.toContain('"workers"');
});
