// Settings from the environment: MOORAGE_SERVER_READ_ONLY is server.readOnly.
import type { ConfigProblem } from './config-error.ts';
import { configFileVariable } from './early-settings.ts';
import { emptyGuard } from './guarding-settings.ts';
import type { SettingSource, WrittenSetting } from './setting-source.ts';
import { settings } from './settings.ts';
import { elsewhere, nearest } from './suggestion.ts';

const prefix = 'MOORAGE_';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What Docker links derive from a container called "moorage", and what the project's own test programs are told (MOORAGE_SUITE, ...). */
const ofOthers = /^MOORAGE_(?:ENV(?:_.*)?|NAME|(?:SUITE|TEST|CONFORMANCE|INTEROP|BENCH)(?:_.*)?)$/;

/**
 * What Kubernetes sets in every pod beside a service whose name begins with "moorage", e.g. "moorage-edge" (kubernetes.io, Services,
 * Environment variables). Its value tells MOORAGE_PORT from a setting that somebody hoped for.
 */
const ofServices =
  /^MOORAGE(?:_[A-Z0-9]+)*_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const servicePort = /^MOORAGE(?:_[A-Z0-9]+)*_PORT$/;
const portUrl = /^(?:tcp|udp|sctp):\/\//;

/** An empty variable counts as absent, since compose files cannot leave one out, unless it is to keep people out. Unknown MOORAGE_ variables are problems. */
export function readEnvironment(environment: Environment): SettingSource {
  const known = new Map(settings.map((setting) => [setting.environment, setting.path]));
  const written: WrittenSetting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || name === configFileVariable || value === undefined) continue;
    const path = known.get(name);
    if (value === '') {
      const message = path === undefined ? undefined : emptyGuard(path);
      if (message !== undefined) problems.push({ origin: name, message });
    } else if (path !== undefined) written.push({ path, value, origin: name });
    else if (!isForeign(name, value))
      problems.push({ origin: name, message: unknownVariable(name, [...known.keys()]) });
  }
  return { written, problems };
}

function isForeign(name: string, value: string): boolean {
  return ofOthers.test(name) || ofServices.test(name) || (servicePort.test(name) && portUrl.test(value));
}

/** There is no setting for the port alone. */
const listenWord = 'SERVER_LISTEN';

function unknownVariable(name: string, known: readonly string[]): string {
  const [word = '', ...words] = [name, ...known, configFileVariable].map((each) => each.slice(prefix.length));
  const suggestion = /(?:^|_)PORT$/.test(word) ? listenWord : (nearest(word, words) ?? elsewhere(word, words, '_'));
  return suggestion === undefined
    ? 'is not a setting of moorage; unset it, or see config.example.yaml'
    : `is not a setting of moorage; did you mean ${prefix}${suggestion}?`;
}
