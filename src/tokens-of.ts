// Tokens, put together: their keys, who shows one, and the service that gives them out. Loaded where somebody is asked who they are.
import { join, resolve } from 'node:path';
import type { Accounts } from './auth/accounts.ts';
import type { Tokens } from './auth/authentication.ts';
import type { ExternalTokens } from './auth/issuers/external-tokens.ts';
import type { Policy } from './auth/policy.ts';
import type { TokenService } from './auth/tokens/token-service.ts';
import type { ServerGroup } from './server-group.ts';
import { systemClock } from './storage/clock.ts';
import { PrivateDirectory } from './storage/filesystem/private-directory.ts';
import type { Log } from './storage/log.ts';
import { tokenKeysDirectory } from './storage/own-names.ts';

export interface TokenParts {
  readonly authentication: Tokens;
  /** The policy asks who shows a token, and the service asks the policy what a token may be for. */
  readonly serviceUnder: (policy: Policy) => TokenService;
}

export interface TokenHolders {
  readonly accounts: Accounts;
  readonly external: ExternalTokens | undefined;
}

/** `root`: where keys are kept; undefined: in memory, made of what they know where several processes are one server. Throws a StorageError for keys that cannot be used. */
export async function tokensOf(
  { accounts, external }: TokenHolders,
  root: string | undefined,
  log: Log,
  { secret: seed, size: processes }: Pick<ServerGroup, 'secret' | 'size'>,
): Promise<TokenParts> {
  const { SigningKeys, TokenAuthentication, TokenService, TokenSigner } = await loaded();
  const clock = systemClock;
  const directory = root === undefined ? undefined : new PrivateDirectory(join(resolve(root), tokenKeysDirectory));
  const keys = await SigningKeys.open({ directory, seed, clock, log });
  const signer = new TokenSigner(keys, clock);
  const authentication = new TokenAuthentication({ signer, keys, accounts, external, clock, processes });
  return {
    authentication,
    serviceUnder: (policy) => new TokenService({ signer, accounts, policy, external }),
  };
}

async function loaded() {
  const [keys, authentication, service, signer] = await Promise.all([
    import('./auth/tokens/signing-keys.ts'),
    import('./auth/tokens/token-authentication.ts'),
    import('./auth/tokens/token-service.ts'),
    import('./auth/tokens/token-signer.ts'),
  ]);
  return { ...keys, ...authentication, ...service, ...signer };
}
