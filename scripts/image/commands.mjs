// Runs the ordinary programs that an image is made with. What one says goes to standard error only when it fails.
import { spawnSync } from 'node:child_process';

/** Answers standard output, as bytes. `cwd`, `env`: as of spawn. */
export function run(command, args, { cwd, env } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.toString().trim()}`);
  return stdout;
}
