// Issuers elsewhere whose tokens are taken, put together from the settings. Loaded where there are any.
import type { ExternalTokens } from './auth/issuers/external-tokens.ts';
import { ConfigError } from './config/config-error.ts';
import { areKeysPublished } from './config/issuer-rules.ts';
import type { Settings } from './config/schema.ts';
import { systemClock } from './storage/clock.ts';
import { WatchedFile } from './storage/filesystem/watched-file.ts';
import type { Log } from './storage/log.ts';
import { StorageError } from './storage/storage-error.ts';

/** Undefined where none is configured. Throws a ConfigError for a file of keys that cannot be used. Nothing is fetched as yet. */
export async function externalTokensOf({ auth }: Settings, log: Log): Promise<ExternalTokens | undefined> {
  if (auth.issuers === undefined) return undefined;
  const { ExternalTokens, Issuer, KeySetFile, PublishedKeys, maxKeysBytes } = await loaded();
  const clock = systemClock;
  const issuers = auth.issuers.map(({ issuer, audience, jwks, users }) => {
    const rules = { issuer, audiences: audience, users };
    if (areKeysPublished(jwks)) {
      return new Issuer(rules, new PublishedKeys({ issuer, url: jwks, clock, log }), { clock, log });
    }
    const file = new WatchedFile(jwks ?? '', { maxBytes: maxKeysBytes });
    return new Issuer(
      rules,
      explained(() => new KeySetFile(file, log)),
      { clock, log },
    );
  });
  return new ExternalTokens(issuers, clock);
}

function explained<Result>(open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new ConfigError([{ origin: 'auth.issuers', message: error.message }]);
  }
}

async function loaded() {
  const [tokens, issuer, file, published, keys] = await Promise.all([
    import('./auth/issuers/external-tokens.ts'),
    import('./auth/issuers/issuer.ts'),
    import('./auth/issuers/key-set-file.ts'),
    import('./auth/issuers/published-keys.ts'),
    import('./auth/issuers/issuer-keys.ts'),
  ]);
  return { ...tokens, ...issuer, ...file, ...published, ...keys };
}
