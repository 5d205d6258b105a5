// For whoever watches the process: is it alive, and can it serve?
import { RegistryError } from '../../oci/error-code.ts';
import { printableText } from '../../oci/printable-text.ts';
import type { Handler } from './handler-context.ts';

const plainText = ['Content-Type', 'text/plain; charset=utf-8'];
const ok = Buffer.from('ok\n');

export const isAlive: Handler = ({ answers }, _request, reply) => answers.bytes(reply, 200, plainText, ok);

export const isReady: Handler = async ({ registry, answers }, _request, reply) => {
  const problems = await registry.readiness();
  if (problems.length > 0) throw new RegistryError('UNAVAILABLE', { detail: problems.join('; ') });
  // Still ready: where one blob is damaged all others are served, and whoever restarts a server that says it is not ready would do so for ever.
  const warnings = (await registry.warnings()).map((warning) => `${printableText(warning)}\n`);
  answers.bytes(reply, 200, plainText, Buffer.concat([ok, Buffer.from(warnings.join(''))]));
};
