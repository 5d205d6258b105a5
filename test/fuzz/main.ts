// `npm run fuzz`: requests that no client would send, and that somebody will.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const help = `Usage: npm run fuzz [-- OPTIONS]

Sends requests to a server with users and rules: over every route with everything that a client could put into them, what real clients
sent with some of it changed, and bytes that are no HTTP; with right, wrong and no credentials. No answer may be an error of the server,
give what its sender has no right to, or refuse a right; nothing outside of the root may be read or written, nothing may grow.

  --requests N     (default: 1000000)
  --connections N  at a time (default: 24)
  --seed N         repeats the requests of a run (default: drawn and printed)
  --help           this text

Exit codes: 0 nothing was found, 1 something was: the directory and the log are kept.
`;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    connections: { type: 'string', default: '24' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1_000_000_000)}` },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<boolean> {
  const [requests, connections, seed] = [values.requests, values.connections, values.seed].map(Number);
  if (!(requests && connections && seed !== undefined && Number.isInteger(seed))) throw new Error('numbers, please');
  console.log(`fuzz: ${requests} requests over ${connections} connections, seed ${seed}, Node ${process.version}`);
  const scratch = mkdtempSync(join(tmpdir(), 'moorage-fuzz-'));
  const begunMs = performance.now();
  const findings = await fuzz({ requests, connections, seed, scratch, say: (line) => console.log(line) });
  for (const { what, request = '' } of findings) console.log(`finding: ${what}\n${request.replace(/^/gm, '    ')}`);
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(0);
  console.log(`${requests} requests in ${seconds} s, ${findings.length} findings`);
  if (findings.length === 0) rmSync(scratch, { recursive: true });
  else console.log(`kept: ${scratch}`);
  console.log(findings.length === 0 ? '1 passed, 0 failed' : `0 passed, ${findings.length} failed`);
  return findings.length === 0;
}

if (values.help) process.stdout.write(help);
else process.exitCode = (await main()) ? 0 : 1;
process.exit();
