// Makes tokens for programs, lists and revokes them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Right } from '../auth/principal.ts';
import { rights } from '../auth/principal.ts';
import { type FoundRobot, type RobotDirectory, robotDirectoryOf } from '../auth/robots/robot-directory.ts';
import { isRight, isRobotName, newRobot, type RobotRecord, robotNameRule } from '../auth/robots/robot-record.ts';
import { ConfigError } from '../config/config-error.ts';
import { asksWhoIsThere } from '../config/guarding-settings.ts';
import type { Settings } from '../config/schema.ts';
import { longestDurationMs, parseDuration } from '../config/units.ts';
import { NameGlob } from '../oci/name-glob.ts';
import { printableText } from '../oci/printable-text.ts';
import { ownDirectory } from '../storage/own-names.ts';
import { CommandError, exitCodes } from './failure.ts';
import { textTable } from './output-table.ts';
import { jsonDocument, shownDate, terminalColumns } from './output-text.ts';
import { isUserOf } from './user.ts';

/** As it is written. */
export interface WantedToken {
  readonly name: string;
  readonly repositories: readonly string[];
  readonly may: readonly string[];
  readonly expires: string | undefined;
}

/** Returns the exit code. Throws what failureOf explains. */
export async function createToken(wanted: WantedToken, settings: Settings): Promise<number> {
  const { name } = wanted;
  if (!isRobotName(name)) throw wrong('NAME', `"${name}" is none for a token: ${robotNameRule}`);
  const grant = { repositories: patternsOf(wanted.repositories), may: rightsOf(wanted.may) };
  const createdAtMs = Date.now();
  const expiresAtMs = wanted.expires === undefined ? undefined : createdAtMs + durationOf(wanted.expires);
  const robots = robotsOf(settings);
  // Else nobody who reads rules or an audit could tell the two.
  if (isUserOf(name, settings)) throw new CommandError(`there is a user ${name} in ${settings.auth.htpasswd} already`);
  const { record, secret } = newRobot({ name, grant, createdAtMs, expiresAtMs });
  if (!(await robots.create(record))) {
    throw new CommandError(`there is a token ${name} already; "moorage token revoke ${name}" ends it`);
  }
  process.stdout.write(`${secret}\n`);
  process.stderr.write(`moorage: ${described(record)}. The secret is not shown again.\n`);
  if (!asksWhoIsThere(settings)) {
    process.stderr.write(
      'moorage: with these settings nobody is asked who they are, so everybody may do everything: set auth.htpasswd or access\n',
    );
  }
  return 0;
}

export function listTokens(json: boolean, settings: Settings): number {
  const robots = robotsOf(settings);
  const found = robots.names().flatMap((name) => robots.read(name) ?? []);
  const { stdout } = process;
  if (json) stdout.write(jsonDocument({ root: settings.storage.root, tokens: found.map(jsonOf) }));
  else {
    const fit = { columns: terminalColumns(stdout), flexible: [0, 1] };
    stdout.write(textTable(['NAME', 'REPOSITORIES', 'MAY', 'CREATED', 'EXPIRES'], found.map(rowOf), fit));
  }
  const problems = found.flatMap((each) => ('problem' in each ? [each.problem] : []));
  for (const problem of problems) process.stderr.write(`moorage: ${printableText(problem)}\n`);
  return problems.length === 0 ? 0 : exitCodes.failure;
}

export async function revokeToken(name: string, settings: Settings): Promise<number> {
  if (isRobotName(name) && (await robotsOf(settings).remove(name))) {
    process.stdout.write(`revoked ${name}\n`);
    return 0;
  }
  process.stderr.write(`moorage: there is no token ${printableText(name)} in ${settings.storage.root}\n`);
  return exitCodes.failure;
}

/** Of a directory that was served: tokens below any other would be taken by nobody. */
function robotsOf({ storage: { root, ephemeral } }: Settings): RobotDirectory {
  if (ephemeral)
    throw new CommandError('tokens are kept below storage.root, and storage.ephemeral keeps nothing there');
  if (existsSync(join(root, ownDirectory))) return robotDirectoryOf(root);
  throw new CommandError(`there is no registry in ${root}; name it with --root, or let "moorage serve" make it first`);
}

function patternsOf(written: readonly string[]): readonly string[] {
  const patterns = written.map((pattern) => pattern.trim());
  const bad = patterns.find((pattern) => NameGlob.parse(pattern) === undefined);
  if (bad === undefined) return patterns;
  throw wrong('--repositories', `"${bad}" is no pattern of names; write e.g. team/*, or **`);
}

function rightsOf(written: readonly string[]): readonly Right[] {
  return [...new Set(written.map((right) => right.trim()))].map((right) => {
    if (isRight(right)) return right;
    throw wrong('--may', `"${right}" is not one of ${rights.join(', ')}`);
  });
}

function durationOf(written: string): number {
  const ms = parseDuration(written);
  if (ms !== undefined && ms > 0 && ms <= longestDurationMs) return ms;
  throw wrong('--expires', `"${written}" is not a duration of at most 10 years; write e.g. 12h, 30d or 1y`);
}

function wrong(origin: string, message: string): ConfigError {
  return new ConfigError([{ origin, message }]);
}

function described({ name, grant: { may, repositories }, expiresAtMs }: RobotRecord): string {
  const end = expiresAtMs === undefined ? 'and does not end by itself' : `until ${shownTime(expiresAtMs)} UTC`;
  return `${name} may ${may.join(', ')} in ${repositories.join(', ')} ${end}`;
}

function rowOf(found: FoundRobot): readonly string[] {
  if ('problem' in found) return [found.name, '-', '-', '-', 'damaged'];
  const { name, grant, createdAtMs, expiresAtMs } = found.record;
  const end = expiresAtMs === undefined ? 'never' : shownTime(expiresAtMs);
  const expires = isExpired(found.record) ? `${end} (over)` : end;
  return [name, grant.repositories.join(','), grant.may.join(','), shownTime(createdAtMs), expires];
}

function jsonOf(found: FoundRobot): object {
  if ('problem' in found) return found;
  const { name, id, grant, createdAtMs, expiresAtMs } = found.record;
  const expiresAt = expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString();
  const createdAt = new Date(createdAtMs).toISOString();
  return { name, id, ...grant, createdAt, expiresAt, isExpired: isExpired(found.record) };
}

function isExpired({ expiresAtMs }: RobotRecord): boolean {
  return expiresAtMs !== undefined && Date.now() >= expiresAtMs;
}

function shownTime(ms: number): string {
  return shownDate(new Date(ms).toISOString()) ?? '-';
}
