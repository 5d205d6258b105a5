// The version of this package, from its package.json: found by name, so that it does not matter where this file was compiled to.
import { createRequire } from 'node:module';

export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('moorage/package.json') as { version: string };
  return version;
}
