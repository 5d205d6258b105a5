// Programs that keep credentials in a keychain: `docker-credential-NAME get` (docker-credential-helpers, protocol).
import { spawn } from 'node:child_process';
import { z } from 'zod';
import type { Credentials } from './credentials.ts';

const answer = z.looseObject({ Username: z.string(), Secret: z.string() });
const maxAnswer = 1024 * 1024;

/** Undefined when the helper has none for this server. Throws when it cannot be run, fails or takes longer than `timeoutMs`. */
export async function credentialsFromHelper(
  helper: string,
  server: string,
  {
    timeoutMs,
    environment,
  }: { readonly timeoutMs: number; readonly environment: Readonly<Record<string, string | undefined>> },
): Promise<Credentials | undefined> {
  // A name, never a path: the file with the name may come from elsewhere.
  if (!/^[\w.-]+$/.test(helper)) throw new Error(`"${helper}" is not the name of a credential helper`);
  const { code, output } = await run(`docker-credential-${helper}`, server, timeoutMs, environment);
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw new Error(`docker-credential-${helper} failed with exit code ${code}`);
  }
  const { Username: username, Secret: secret } = answer.parse(JSON.parse(output));
  if (username === '' && secret === '') return undefined;
  // The protocol's mark of an identity token.
  if (username === '<token>') return { kind: 'identity-token', token: secret };
  return { kind: 'password', username, password: secret };
}

function run(
  program: string,
  input: string,
  timeoutMs: number,
  environment: Readonly<Record<string, string | undefined>>,
) {
  return new Promise<{ readonly code: number | null; readonly output: string }>((resolve, reject) => {
    const child = spawn(program, ['get'], { env: environment, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // What it started may hold the pipe open.
      child.stdout.destroy();
      reject(new Error(`${program} gave no answer for ${timeoutMs / 1000} seconds`));
    }, timeoutMs);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < maxAnswer) output += text;
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      const missing = 'code' in error && error.code === 'ENOENT';
      reject(new Error(missing ? `${program} is not installed` : `${program} cannot be run: ${error.message}`));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
    // A helper that ends without reading is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${server(input)}\n`);
  });
}

/** The protocol ends the name at the line's end. */
function server(input: string): string {
  return input.replaceAll(/[\r\n]/g, '');
}
