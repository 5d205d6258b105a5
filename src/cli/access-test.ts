// What `moorage access test` answers: the same rules that the server asks, of somebody who is not there.
import { anonymous, type Principal, type Right, rights } from '../auth/principal.ts';
import { ConfigError } from '../config/config-error.ts';
import { asksWhoIsThere } from '../config/guarding-settings.ts';
import type { Settings } from '../config/schema.ts';
import { printableText } from '../oci/printable-text.ts';
import { isRepositoryName, isTag, type RepositoryName, type Tag } from '../oci/reference.ts';
import { rulesOf } from '../rules-of.ts';
import { exitCodes } from './failure.ts';
import { isUserOf } from './user.ts';

export interface AccessQuestion {
  readonly user: string;
  readonly action: string;
  /** NAME[:TAG]; undefined where the right is of no repository. */
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

/** Prints one line and returns the exit code. */
export function testAccess(question: AccessQuestion, settings: Settings): number {
  const { action, name } = question;
  const right = rights.find((each) => each === action);
  if (right === undefined) throw wrong('ACTION', `"${action}" is none; write one of ${rights.join(', ')}`);
  if (right === 'metrics') return told(question, metricsAnswerOf(question, settings), 'see metrics', settings);
  if (name === undefined) throw wrong('NAME', `is missing: ${right} what?`);
  const [repository = '', ...tags] = name.split(':');
  const tag = tags.length === 0 ? undefined : tags.join(':');
  if (!isRepositoryName(repository)) throw wrong('NAME', `"${repository}" is no name of a repository`);
  if (tag !== undefined && !isTag(tag)) throw wrong('NAME', `"${tag}" is no tag`);
  const answer = answerOf({ ...question, right, repository, tag }, settings);
  return told(question, answer, `${right === 'admin' ? 'administer' : right} ${name}`, settings);
}

function told(question: AccessQuestion, { allowed, why }: Answer, what: string, settings: Settings): number {
  const { user } = question;
  process.stdout.write(`${printableText(`${user} ${allowed ? 'may' : 'may not'} ${what}: ${why}`)}\n`);
  if (isMisspelt(question, settings)) {
    process.stderr.write(`moorage: there is no user ${printableText(user)} in ${settings.auth.htpasswd}\n`);
  }
  return allowed ? 0 : exitCodes.failure;
}

/** Where others than the file may say who there is, any name may be one. */
function isMisspelt({ user, groups }: AccessQuestion, settings: Settings): boolean {
  const { auth, server } = settings;
  const isOpen = auth.htpasswd === undefined || auth.issuers !== undefined || server.tls.clientCA !== undefined;
  return !isOpen && groups.length === 0 && user !== 'anonymous' && !isUserOf(user, settings);
}

interface ParsedQuestion extends AccessQuestion {
  readonly right: Right;
  readonly repository: RepositoryName;
  readonly tag: Tag | undefined;
}

interface Answer {
  readonly allowed: boolean;
  readonly why: string;
}

const everybodyMay: Answer = { allowed: true, why: 'nobody is asked who they are' };

function principalOf({ user, groups }: AccessQuestion): Principal {
  return user === 'anonymous' ? anonymous : { ...anonymous, name: user, kind: 'user', groups, shown: 'basic' };
}

function metricsAnswerOf(question: AccessQuestion, settings: Settings): Answer {
  if (!asksWhoIsThere(settings)) return everybodyMay;
  const access = { action: 'metrics', repository: undefined } as const;
  const { allowed, rule } = rulesOf(settings).judge(principalOf(question), access);
  return { allowed, why: allowed ? `${rule}${textOf(rule, settings)}` : rule };
}

function answerOf({ right, repository, tag, ...question }: ParsedQuestion, settings: Settings): Answer {
  if (!asksWhoIsThere(settings)) return everybodyMay;
  const rules = rulesOf(settings);
  const principal = principalOf(question);
  const held = rules.heldIn(principal, repository);
  const rule = held.get(right) ?? (right === 'create' ? held.get('push') : undefined) ?? held.get('admin');
  if (rule === undefined) return { allowed: false, why: 'no rule allows it' };
  const why = `${rule}${textOf(rule, settings)}`;
  const action = right === 'push' || right === 'create' ? 'push' : 'delete';
  const kept =
    tag === undefined || right === 'pull' ? undefined : rules.protection(principal, action, repository)?.whyKept(tag);
  return { allowed: true, why: kept === undefined ? why : `${why}; once the tag is there it stays, since ${kept}` };
}

/** As it was written, for whoever counts rules from elsewhere. */
function textOf(rule: string, { access = [] }: Settings): string {
  const written = access[Number(/^rule (\d+)$/.exec(rule)?.[1]) - 1];
  if (written === undefined) return '';
  const { repositories, who, may } = written;
  return ` (${repositories.map(({ text }) => text).join(', ')}: ${who.join(', ')} may ${may.join(', ')})`;
}

function wrong(origin: string, message: string): ConfigError {
  return new ConfigError([{ origin, message }]);
}
