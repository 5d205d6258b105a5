// Two images side by side, of one repository or of two.
import type { FastifyRequest } from 'fastify';
import type { ComparisonAsked } from '../../../browse/comparison/comparison.ts';
import { RegistryError } from '../../../oci/error-code.ts';
import { parsePulledReference, parseRepositoryName, type Reference } from '../../../oci/reference.ts';
import { clientGone } from '../../client-gone.ts';
import { firstValue } from '../../query.ts';
import { repositoryNameOf } from '../../request-context.ts';
import type { Handler } from '../handler-context.ts';

/** Whoever asks needs the right to pull from both repositories. */
export const compareApiImages: Handler = async ({ registry, answers, gate, comparisons }, request, reply) => {
  const asked = comparisonAsked(request);
  if (asked.to.name !== asked.from.name) await gate.assertPull(request, asked.to.name);
  const { compareImages } = await import('../../../browse/comparison/comparison.ts');
  const compared = await compareImages(registry, asked, comparisons, clientGone(reply));
  answers.json(reply, 200, ['Cache-Control', 'no-store'], compared);
};

function comparisonAsked(request: FastifyRequest): ComparisonAsked {
  const { query } = request;
  const name = repositoryNameOf(request);
  const toRepository = firstValue(query, 'toRepository');
  const files = firstValue(query, 'files') ?? 'true';
  if (files !== 'true' && files !== 'false') throw wrong('"files" is true or false');
  return {
    from: { name, reference: referenceIn(request, 'from') },
    to: {
      name: toRepository === undefined ? name : parseRepositoryName(toRepository),
      reference: referenceIn(request, 'to'),
    },
    platform: firstValue(query, 'platform') || undefined,
    withFiles: files === 'true',
  };
}

function referenceIn({ query }: FastifyRequest, side: 'from' | 'to'): Reference {
  const text = firstValue(query, side);
  if (text === undefined || text === '') throw wrong(`"${side}" is a tag or a digest`);
  return parsePulledReference(text);
}

function wrong(detail: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message: 'invalid comparison', detail });
}
