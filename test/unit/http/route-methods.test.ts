// Which methods a URL has.
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { RouteMethods } from '../../../src/http/route-methods.ts';

function learned(): RouteMethods {
  const app = fastify({ exposeHeadRoutes: false });
  const methods = new RouteMethods();
  methods.learn(app);
  app.get('/v2/:name/tags/list', () => '');
  app.route({ method: ['HEAD', 'DELETE'], url: '/v2/:name/tags/list', handler: () => '' });
  app.put('/v2/:name/x.y', () => '');
  return methods;
}

describe('RouteMethods', () => {
  it('names the methods of a pattern without the refused one', () => {
    expect(learned().allowed('/v2/:name/tags/list', 'DELETE')).toBe('GET, HEAD');
    expect(learned().allowed('/nowhere', 'GET')).toBe('');
  });

  it('finds the patterns that match a path, literally but for their parameters', () => {
    expect(learned().allowedAt('/v2/a%2Fb/tags/list')).toBe('GET, HEAD, DELETE');
    expect(learned().allowedAt('/v2/a/x.y')).toBe('PUT');
    expect(learned().allowedAt('/v2/a/xzy')).toBeUndefined();
    expect(learned().allowedAt('/v2/a/b/tags/list')).toBeUndefined();
    expect(learned().allowedAt('/prefix/v2/a/x.y')).toBeUndefined();
  });
});
