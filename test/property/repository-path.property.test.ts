// Every legal name, in front of every noun, reaches the router as one parameter that decodes to the same name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { routedUrl } from '../../src/http/repository-path.ts';

const alphaNumeric = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const component = fc
  .array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), alphaNumeric), { maxLength: 2 })
  .chain((rest) => alphaNumeric.map((first) => first + rest.flat().join('')));
/** The nouns of the API are legal components too. */
const awkward = fc.constantFrom('manifests', 'blobs', 'uploads', 'tags', 'list', 'referrers', 'v2');
const name = fc.array(fc.oneof(component, awkward), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const tail = fc.constantFrom(
  '/blobs/uploads/',
  '/blobs/uploads/0d5f1e0a-0000-4000-8000-000000000000',
  `/blobs/sha256:${'0'.repeat(64)}`,
  '/manifests/latest',
  '/tags/list',
  `/referrers/sha256:${'0'.repeat(64)}`,
);
const query = fc.constantFrom('', '?n=1', '?digest=sha256:00&x=a/manifests/b', '?from=a/b/tags/list');

describe('routedUrl', () => {
  it('keeps name, tail and query apart', () => {
    fc.assert(
      fc.property(name, tail, query, (name, tail, query) => {
        const routed = routedUrl(`/v2/${name}${tail}${query}`);
        const [path = '', ...rest] = routed.split('?');
        const parameter = path.slice('/v2/'.length, -tail.length);
        expect(parameter).not.toContain('/');
        expect(decodeURIComponent(parameter)).toBe(name);
        expect(path.endsWith(tail)).toBe(true);
        expect(rest.join('?')).toBe(query.slice(1));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never turns a slash that the client encoded into a slash of the name', () => {
    fc.assert(
      fc.property(
        fc.array(component, { minLength: 2, maxLength: 4 }),
        fc.constantFrom('%2F', '%2f'),
        (parts, slash) => {
          const routed = routedUrl(`/v2/${parts.join(slash)}/manifests/v1`);
          const parameter = routed.slice('/v2/'.length, -'/manifests/v1'.length);
          expect(decodeURIComponent(parameter)).toBe(parts.join('%2F'));
        },
      ),
    );
  });
});
