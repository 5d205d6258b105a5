// For whoever watches the process: is it alive, and can it serve?
import { RegistryError } from '../../oci/error-code.ts';
import { printableText } from '../../oci/printable-text.ts';
import type { Handler } from './handler-context.ts';

const plainText = ['Content-Type', 'text/plain; charset=utf-8'];
const ok = Buffer.from('ok\n');

export const isAlive: Handler = ({ answers }, _request, reply) => answers.bytes(reply, 200, plainText, ok);

export const isReady: Handler = async ({ registry, answers, gate }, _request, reply) => {
  const problems = await registry.readiness();
  // Both name repositories, and whoever watches a process shows no credentials. The log says the same.
  const { everybodySeesAll } = gate;
  const detail = everybodySeesAll ? problems.join('; ') : 'the log says why';
  if (problems.length > 0) throw new RegistryError('UNAVAILABLE', { detail });
  // Still ready: where one blob is damaged all others are served, and whoever restarts a server that says it is not ready would do so for ever.
  const warnings = everybodySeesAll ? (await registry.warnings()).map((warning) => `${printableText(warning)}\n`) : [];
  answers.bytes(reply, 200, plainText, Buffer.concat([ok, Buffer.from(warnings.join(''))]));
};
