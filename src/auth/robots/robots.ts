// Robots that log in: as their files say at the very moment, so that a revoked one is out with the next request, on every process.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { Account } from '../accounts.ts';
import { BadCredentialsError } from '../bad-credentials-error.ts';
import type { FoundRobot, RobotDirectory } from './robot-directory.ts';
import { isRobotName, isSecretOf, looksLikeSecret, type RobotRecord } from './robot-record.ts';

interface KnownRobot {
  readonly version: string;
  readonly record: RobotRecord;
  readonly account: Account;
}

const maxKnown = 1_000;

export class Robots {
  readonly #directory: Pick<RobotDirectory, 'version' | 'read'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known = new LRUCache<string, KnownRobot>({ max: maxKnown });
  /** What was said of files that are not taken. */
  readonly #said = new LRUCache<string, true>({ max: maxKnown });

  constructor(directory: Pick<RobotDirectory, 'version' | 'read'>, clock: Clock, log: Log) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined for what is no robot's name with its secret: it may be a user's. Refuses one that has expired with BadCredentialsError. */
  check(name: string, password: string): Account | undefined {
    if (!looksLikeSecret(password)) return undefined;
    const robot = this.#robot(name);
    if (robot === undefined || !isSecretOf(robot.record, password)) return undefined;
    const { endsAtMs, principal } = robot.account;
    if (endsAtMs !== undefined && this.#clock.now() >= endsAtMs) {
      throw new BadCredentialsError('the token has expired', { who: principal });
    }
    return robot.account;
  }

  /** Also of one that has expired: `endsAtMs` tells. */
  find(name: string): Account | undefined {
    return this.#robot(name)?.account;
  }

  #robot(name: string): KnownRobot | undefined {
    if (!isRobotName(name)) return undefined;
    try {
      const version = this.#directory.version(name);
      if (version === undefined) return undefined;
      const known = this.#known.get(name);
      if (known?.version === version) return known;
      return this.#taken(version, this.#directory.read(name));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return this.#refuse(error.message);
    }
  }

  #taken(version: string, found: FoundRobot | undefined): KnownRobot | undefined {
    if (found === undefined) return undefined;
    if ('problem' in found) return this.#refuse(found.problem);
    const { name, record } = found;
    const robot = { version, record, account: accountOf(record) };
    this.#known.set(name, robot);
    return robot;
  }

  #refuse(problem: string): undefined {
    if (this.#said.has(problem)) return;
    this.#said.set(problem, true);
    this.#log.warn('a token of "moorage token create" is not taken', { problem });
  }
}

function accountOf({ name, id, grant, expiresAtMs }: RobotRecord): Account {
  const principal = { name, kind: 'robot', groups: [], shown: 'basic', scope: undefined, grant } as const;
  return { principal, generation: id, endsAtMs: expiresAtMs };
}
