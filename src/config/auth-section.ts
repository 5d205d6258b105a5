// The section `auth`: who there is, and how it is shown.
import { z } from 'zod';
import { groupsOfUsers } from './groups-of-users.ts';
import { issuerRules } from './issuer-rules.ts';
import { choice, parsed, text } from './value-schemas.ts';

export const authSection = z.strictObject({
  htpasswd: text('a file')
    .optional()
    .describe(
      'File of users and their passwords, as "moorage user add" and "htpasswd -B" write it: bcrypt only. Read again when it changes; relative to the working directory. Unless something says who there is, nobody is asked who they are.',
    ),
  scheme: choice(['bearer', 'basic'])
    .prefault('bearer')
    .describe(
      'What clients are asked for: bearer, a token that they get for their password and that ends after five minutes, or basic, the password with every request. Both are taken in any case.',
    ),
  realm: parsed(parseRealm, 'is no URL of a token endpoint; write e.g. https://registry.example/token')
    .optional()
    .describe(
      'URL at which clients get tokens. Unless set, /token at the host that the client called, by HTTP or HTTPS as it came: to be set behind a proxy that speaks TLS.',
    ),
  issuers: issuerRules
    .optional()
    .describe(
      'Issuers elsewhere whose tokens (OpenID Connect) are taken, also as a password: issuer, audience, jwks (a file, or a URL; unless given, as the issuer says), users: rules with claims (patterns), user ("ci/{repository}") and groups, the first that matches. In the environment, the same list as JSON.',
    ),
  groups: groupsOfUsers
    .prefault('{}')
    .describe(
      'Groups, each with the users in it, for rules about "group:NAME": {team: [anna, bert]}. In the environment, the same as JSON.',
    ),
});

/** It stands in quotes in a header. A password does not belong into it, and clients add a query of their own. */
function parseRealm(written: string): string | undefined {
  if (!/^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]{1,1000}$/.test(written) || !URL.canParse(written)) return undefined;
  const { username, password, search, hash } = new URL(written);
  return username === '' && password === '' && search === '' && hash === '' ? written : undefined;
}
