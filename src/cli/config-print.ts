// `moorage config print`: the settings that hold, each with where it comes from.
import type { Environment } from '../config/environment.ts';
import { loadWrittenSettings, namedFile } from '../config/load.ts';
import { effectiveSettings, printedSettings } from '../config/printed-settings.ts';

/** Returns the exit code. Refuses with a ConfigError. */
export async function printConfig(
  file: string | undefined,
  asJson: boolean,
  environment: Environment,
): Promise<number> {
  const named = namedFile({ file, environment });
  const { written } = await loadWrittenSettings({ flags: [], environment, file: named });
  const settings = effectiveSettings(written);
  process.stdout.write(asJson ? `${JSON.stringify({ file: named, settings }, null, 2)}\n` : printedSettings(settings));
  return 0;
}
