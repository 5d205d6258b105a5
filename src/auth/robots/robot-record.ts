// What is kept of a robot: never its secret, from which only a hash is left.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { NameGlob } from '../../oci/name-glob.ts';
import { type Grant, type Right, rights } from '../principal.ts';

export interface RobotRecord {
  readonly name: string;
  /** Another one for each secret. */
  readonly id: string;
  /** SHA-256 of the secret, hexadecimal. The secret is random: nothing slower is needed to keep it. */
  readonly secretHash: string;
  readonly grant: Grant;
  readonly createdAtMs: number;
  /** Undefined: when somebody revokes it. */
  readonly expiresAtMs: number | undefined;
}

/** Says what it is to whoever finds it, and to programs that look for secrets in commits. */
const secretPrefix = 'moorage_';
const secretBytes = 32;

/** A file is named after it, also on file systems to which some characters mean something else. */
export function isRobotName(name: string): boolean {
  return /^[A-Za-z0-9][\w.@+-]{0,127}$/.test(name);
}

export const robotNameRule = 'letters, digits, and any of . _ @ + - between them, at most 128';

/** True for what may be the secret of one: nothing else is compared with it. */
export function looksLikeSecret(password: string): boolean {
  return password.startsWith(secretPrefix) && password.length < 200;
}

export interface NewRobot {
  readonly record: RobotRecord;
  /** Shown once. */
  readonly secret: string;
}

export function newRobot(robot: Omit<RobotRecord, 'id' | 'secretHash'>): NewRobot {
  const id = randomBytes(6).toString('hex');
  const secret = `${secretPrefix}${id}_${randomBytes(secretBytes).toString('base64url')}`;
  return { secret, record: { ...robot, id, secretHash: hashOf(secret).toString('hex') } };
}

export function isSecretOf({ secretHash }: RobotRecord, secret: string): boolean {
  return timingSafeEqual(hashOf(secret), Buffer.from(secretHash, 'hex'));
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** One line of JSON. */
export function writtenRobot({ grant, createdAtMs, expiresAtMs, ...record }: RobotRecord): string {
  const expiresAt = expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString();
  return `${JSON.stringify({ ...record, ...grant, createdAt: new Date(createdAtMs).toISOString(), expiresAt })}\n`;
}

/** Undefined for what is no record of a robot of that name, whatever a part of it says. */
export function parseRobot(name: string, text: string): RobotRecord | undefined {
  const json = parsedObject(text);
  if (json === undefined || json.name !== name) return undefined;
  const { id, secretHash, createdAt, expiresAt } = json;
  const [repositories, may] = [textsOf(json.repositories), textsOf(json.may)];
  if (typeof id !== 'string' || typeof secretHash !== 'string' || !/^[0-9a-f]{64}$/.test(secretHash)) return undefined;
  if (repositories === undefined || may === undefined || !may.every(isRight)) return undefined;
  if (!repositories.every((glob) => NameGlob.parse(glob) !== undefined)) return undefined;
  const [createdAtMs, expiresAtMs] = [timeOf(createdAt), expiresAt === undefined ? undefined : timeOf(expiresAt)];
  // One that cannot be read has ended, and not: never.
  if (createdAtMs === undefined || (expiresAt !== undefined && expiresAtMs === undefined)) return undefined;
  return { name, id, secretHash, grant: { repositories, may }, createdAtMs, expiresAtMs };
}

export function isRight(text: string): text is Right {
  return (rights as readonly string[]).includes(text);
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    // Cut off by a crash, or somebody's own: nobody gets in by it.
    return undefined;
  }
}

function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
