// Whom a client's certificate stands for: by default its common name, else what the first rule that it fits says.
import type { CertificateUser } from '../auth/shown-credentials.ts';
import { problemOfName } from '../auth/user-name.ts';
import type { TextPattern } from '../oci/text-pattern.ts';
import type { CertificateNames } from './certificate-names.ts';

/** Whatever it names must be so; at least one thing is named. */
export interface ClientUserRule {
  /** By attribute of the subject: CN, OU, O, ... */
  readonly subject?: Readonly<Record<string, TextPattern>> | undefined;
  readonly dns?: TextPattern | undefined;
  readonly uri?: TextPattern | undefined;
  readonly email?: TextPattern | undefined;
  /** Undefined: the common name. */
  readonly user?: string | undefined;
  readonly groups: readonly string[];
}

/** The user, or why there is none. Without rules every certificate of the CA stands for its common name. */
export function userOf(
  names: CertificateNames,
  rules: readonly ClientUserRule[] | undefined,
): CertificateUser | string {
  if (rules === undefined) return withName(names, undefined, []);
  const rule = rules.find((each) => fits(names, each));
  if (rule === undefined) return 'no rule of server.tls.clientUsers fits it';
  return withName(names, rule.user, rule.groups);
}

function fits(names: CertificateNames, { subject = {}, dns, uri, email }: ClientUserRule): boolean {
  const isAmong = (values: readonly string[], pattern: TextPattern | undefined) =>
    pattern === undefined || values.some((value) => pattern.matches(value));
  return (
    isAmong(names.dns, dns) &&
    isAmong(names.uri, uri) &&
    isAmong(names.email, email) &&
    Object.entries(subject).every(([name, pattern]) => isAmong(names.subject.get(name) ?? [], pattern))
  );
}

function withName(
  { subject }: CertificateNames,
  user: string | undefined,
  groups: readonly string[],
): CertificateUser | string {
  if (user !== undefined) return { name: user, groups };
  const [name, ...others] = subject.get('CN') ?? [];
  if (name === undefined) return 'it has no common name';
  // Which of them would be meant is a matter of taste.
  if (others.length > 0) return 'it has several common names';
  const problem = problemOfName(name);
  return problem === undefined ? { name, groups } : `its common name is no name of a user: it ${problem}`;
}
