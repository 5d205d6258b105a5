// Settings that keep people out: written without a value they would leave open what somebody meant to shut.
import type { Settings } from './schema.ts';

const guarding = /^(?:access$|auth\.|audit\.|metrics\.listen$|server\.tls\.)/;

/** What is wrong with an empty value of this setting; undefined where it counts as none. */
export function emptyGuard(path: string): string | undefined {
  return guarding.test(path) ? `${path} is written without a value; give it one, or leave it out` : undefined;
}

/** Whether anybody is asked who they are. */
export function asksWhoIsThere({ auth, access, server }: Settings): boolean {
  return [auth.htpasswd, auth.issuers, access, server.tls.clientCA].some((setting) => setting !== undefined);
}
