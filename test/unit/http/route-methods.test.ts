// Which methods a URL has.
import { describe, expect, it } from 'vitest';
import { RouteMethods } from '../../../src/http/route-methods.ts';

const methods = new RouteMethods([
  ['GET', '/v2/:name/tags/list'],
  ['HEAD', '/v2/:name/tags/list'],
  ['DELETE', '/v2/:name/tags/list'],
  ['PUT', '/v2/:name/x.y'],
]);

describe('RouteMethods', () => {
  it('names the methods of a pattern without the refused one', () => {
    expect(methods.allowed('/v2/:name/tags/list', 'DELETE')).toBe('GET, HEAD');
    expect(methods.allowed('/nowhere', 'GET')).toBe('');
  });

  it('finds the patterns that match a path, literally but for their parameters', () => {
    expect(methods.allowedAt('/v2/a%2Fb/tags/list')).toBe('GET, HEAD, DELETE');
    expect(methods.allowedAt('/v2/a/x.y')).toBe('PUT');
    expect(methods.allowedAt('/v2/a/xzy')).toBeUndefined();
    expect(methods.allowedAt('/v2/a/b/tags/list')).toBeUndefined();
    expect(methods.allowedAt('/prefix/v2/a/x.y')).toBeUndefined();
  });
});
