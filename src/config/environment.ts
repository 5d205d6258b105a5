// Settings from the environment: MOORAGE_SERVER_READ_ONLY is server.readOnly.
import type { ConfigProblem } from './config-error.ts';
import type { SettingSource, WrittenSetting } from './setting-source.ts';
import { settings } from './settings.ts';
import { nearest } from './suggestion.ts';

const prefix = 'MOORAGE_';

/** Names the configuration file. */
export const configFileVariable = 'MOORAGE_CONFIG';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Names that others set and that are no settings: what Kubernetes and Docker links derive from a service called "moorage", and
 * what the project's own test programs are told (MOORAGE_SUITE, ...).
 */
const foreign = /^MOORAGE_(?:(?:SERVICE|PORT|ENV)(?:_.*)?|NAME|(?:SUITE|TEST|CONFORMANCE|INTEROP|BENCH)(?:_.*)?)$/;

/** An empty variable counts as absent, since compose files cannot leave one out. Unknown MOORAGE_ variables are problems. */
export function readEnvironment(environment: Environment): SettingSource {
  const known = new Map(settings.map((setting) => [setting.environment, setting.path]));
  const written: WrittenSetting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || name === configFileVariable || value === undefined || value === '') continue;
    const path = known.get(name);
    if (path !== undefined) written.push({ path, value, origin: name });
    else if (!foreign.test(name)) problems.push({ origin: name, message: unknownVariable(name, [...known.keys()]) });
  }
  return { written, problems };
}

function unknownVariable(name: string, known: readonly string[]): string {
  const [word = '', ...words] = [name, ...known, configFileVariable].map((each) => each.slice(prefix.length));
  const suggestion = nearest(word, words);
  return suggestion === undefined
    ? 'is not a setting of moorage; unset it, or see config.example.yaml'
    : `is not a setting of moorage; did you mean ${prefix}${suggestion}?`;
}
