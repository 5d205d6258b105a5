// Who the holder of an issuer's token is here: decided by its claims, and by the first rule that they match.
import type { TextPattern } from '../../oci/text-pattern.ts';
import { problemOfName } from '../user-name.ts';

/** All claims must match, each one of its patterns. */
export interface ClaimRule {
  readonly claims: ReadonlyMap<string, readonly TextPattern[]>;
  /** With `{claim}` for the text of one. */
  readonly user: string;
  readonly groups: readonly string[];
}

export interface ExternalUser {
  readonly name: string;
  readonly groups: readonly string[];
}

export type Claims = Readonly<Record<string, unknown>>;

/** What stands between braces in `user`. */
export const claimInName = /\{([^{}]+)\}/g;

/** Groups are those of the rule and no others. The reason says why nobody is let in. */
export function userOf(rules: readonly ClaimRule[], claims: Claims): ExternalUser | { readonly reason: string } {
  const rule = rules.find((each) => matches(each, claims));
  if (rule === undefined) return { reason: 'no rule of its issuer matches its claims' };
  const absent: string[] = [];
  const name = rule.user.replace(claimInName, (_whole, claim: string) => {
    const [text, ...more] = textsOf(claimAt(claims, claim));
    if (text === undefined || more.length > 0) absent.push(claim);
    return text ?? '';
  });
  if (absent.length > 0) return { reason: `the claim ${absent[0]} is no text to make a name of` };
  // What a claim holds is chosen by somebody else: a name is made of it only where it could stand in a file of users.
  const problem = problemOfName(name);
  return problem === undefined ? { name, groups: rule.groups } : { reason: `the name that its claims make ${problem}` };
}

function matches({ claims: wanted }: ClaimRule, claims: Claims): boolean {
  return [...wanted].every(([claim, patterns]) => {
    return textsOf(claimAt(claims, claim)).some((text) => patterns.some((pattern) => pattern.matches(text)));
  });
}

const longestText = 4_096;
const mostTexts = 1_000;

/** A list has the texts of its elements, of which one must match. Objects and null have none. */
function textsOf(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value.slice(0, mostTexts) : [value];
  return values.flatMap((each) => {
    if (typeof each === 'number' || typeof each === 'boolean') return [String(each)];
    return typeof each === 'string' && each.length <= longestText ? [each] : [];
  });
}

/** A claim of this name, else the member of an object in one: `kubernetes.io/namespace`. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const name = path.slice(0, slash);
    const inner = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof inner === 'object' && inner !== null) return claimAt(inner as Claims, path.slice(slash + 1));
  }
  return undefined;
}
