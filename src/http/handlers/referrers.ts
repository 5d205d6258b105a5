// The referrers of a digest (distribution-spec, end-12).
import { parseDigest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { headerNames, referrersUrl } from '../headers.ts';
import { nextLink } from '../page-query.ts';
import { allValues, firstValue } from '../query.ts';
import { parameterOf, repositoryNameOf } from '../request-context.ts';
import type { Handler } from './handler-context.ts';

export const listReferrers: Handler = async ({ registry, answers }, request, reply) => {
  const name = repositoryNameOf(request);
  const subject = parseDigest(parameterOf(request, 'digest'));
  const artifactTypes = artifactTypesOf(request.query);
  const last = firstValue(request.query, 'last');
  const after = last === undefined ? undefined : parseDigest(last);
  const { manifests, next } = await (await registry.repository(name)).referrers.listEncoded(subject, {
    artifactTypes,
    after,
  });
  const headers = ['Content-Type', mediaTypes.imageIndex];
  if (artifactTypes.length > 0) headers.push(headerNames.filtersApplied, 'artifactType');
  if (next !== undefined) {
    headers.push('Link', nextLink(referrersUrl(name, subject), { artifactType: artifactTypes, last: next }));
  }
  answers.bytes(reply, 200, headers, manifests);
};

/** Media types hold no spaces: one is a "+" that a client did not encode, as in `...+json`. containerd repeats the parameter. */
function artifactTypesOf(query: unknown): readonly string[] {
  return allValues(query, 'artifactType')
    .filter((type) => type !== '')
    .map((type) => type.replaceAll(' ', '+'));
}
