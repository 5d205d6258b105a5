// `moorage config check`: every problem of a configuration, or that there is none.
import { ConfigError } from '../config/config-error.ts';
import type { Environment } from '../config/environment.ts';
import { loadWrittenSettings, namedFile } from '../config/load.ts';
import { printableText } from '../oci/printable-text.ts';
import { exitCodes } from './failure.ts';

/** Returns the exit code. `file`: as the command line has it. */
export async function checkConfig(
  file: string | undefined,
  asJson: boolean,
  environment: Environment,
): Promise<number> {
  const named = namedFile({ file, environment });
  const wrong = await check(named, environment);
  if (asJson) process.stdout.write(`${JSON.stringify({ file: named, problems: wrong?.problems ?? [] }, null, 2)}\n`);
  else if (wrong !== undefined) process.stderr.write(`moorage: ${wrong.message}\n`);
  else process.stdout.write(`${printableText(named ?? 'the environment')}: nothing is wrong\n`);
  return wrong === undefined ? 0 : exitCodes.failure;
}

async function check(named: string | undefined, environment: Environment): Promise<ConfigError | undefined> {
  try {
    await loadWrittenSettings({ flags: [], environment, file: named });
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
