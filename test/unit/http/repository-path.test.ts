// The URL that Fastify routes by: awkward repository names keep their slashes, smuggled ones do not become slashes.
import { describe, expect, it } from 'vitest';
import { routedUrl } from '../../../src/http/repository-path.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('routedUrl', () => {
  it.each([
    ['/v2/app/manifests/v1', '/v2/app/manifests/v1'],
    ['/v2/team/app/manifests/v1', '/v2/team%2Fapp/manifests/v1'],
    [`/v2/a/b/c/blobs/${digest}`, `/v2/a%2Fb%2Fc/blobs/${digest}`],
    ['/v2/a/b/blobs/uploads', '/v2/a%2Fb/blobs/uploads/'],
    ['/v2/a/blobs/uploads?mount=x', '/v2/a/blobs/uploads/?mount=x'],
    ['/v2/a/b/blobs/uploads/', '/v2/a%2Fb/blobs/uploads/'],
    ['/v2/a/b/blobs/uploads/some-id', '/v2/a%2Fb/blobs/uploads/some-id'],
    ['/v2/a/b/blobs/uploads/some-id?digest=x', '/v2/a%2Fb/blobs/uploads/some-id?digest=x'],
    ['/v2/a/b/tags/list?n=2&last=x', '/v2/a%2Fb/tags/list?n=2&last=x'],
    [`/v2/a/b/referrers/${digest}`, `/v2/a%2Fb/referrers/${digest}`],
    ['/v2/a/manifests/manifests/v1', '/v2/a%2Fmanifests/manifests/v1'],
    ['/v2/a/manifests/blobs/uploads/', '/v2/a%2Fmanifests/blobs/uploads/'],
    ['/v2/a/blobs/uploads/manifests/v1', '/v2/a%2Fblobs%2Fuploads/manifests/v1'],
    ['/v2/tags/list/tags/list', '/v2/tags%2Flist/tags/list'],
    ['/v2/x/tags/list/manifests/tags', '/v2/x%2Ftags%2Flist/manifests/tags'],
    ['/v2/a/b/blobs/uploads/?mount=d&from=c/manifests/e', '/v2/a%2Fb/blobs/uploads/?mount=d&from=c/manifests/e'],
    ['/v2/a%2Fb/manifests/v1', '/v2/a%252Fb/manifests/v1'],
    ['/v2/a%2fb/c/manifests/v1', '/v2/a%252Fb%2Fc/manifests/v1'],
    ['http://host:5000/v2/a/b/manifests/v1', '/v2/a%2Fb/manifests/v1'],
  ])('routes %s as %s', (url, routed) => {
    expect(routedUrl(url)).toBe(routed);
  });

  it.each(['/v2/', '/v2', '/v2/_catalog?n=1', '/livez', '/v2/tags/list', '/v2/a/b', '/v2/a/b/tags/list/', '/'])(
    'leaves %s as it is',
    (url) => {
      expect(routedUrl(url)).toBe(url);
    },
  );

  it('is linear in the length of a hostile path', () => {
    const url = `/v2/${'blobs/uploads/'.repeat(1_000)}x`;
    expect(routedUrl(url)).toContain('%2F');
    expect(routedUrl(`/v2/${'/manifests'.repeat(1_500)}`)).toBeTypeOf('string');
  });
});
