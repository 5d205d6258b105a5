// Addresses of views, and back.
import { describe, expect, it } from 'vitest';
import { hrefOf, type Route, routeOf, titleOf } from '../../page/route.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('an address of the page', () => {
  it.each<[string, Route]>([
    ['#/', { view: 'repositories', text: '' }],
    ['#/find/a%2Fb%20c', { view: 'repositories', text: 'a/b c' }],
    ['#/repository/team/app', { view: 'repository', name: 'team/app' }],
    ['#/repository/team/app?v1%3F', { view: 'repository', name: 'team/app', text: 'v1?' }],
    ['#/image/team/app:v1.0', { view: 'image', name: 'team/app', reference: 'v1.0' }],
    [`#/image/team/app@${digest}`, { view: 'image', name: 'team/app', reference: digest }],
    ['#/history/team/app:v1', { view: 'history', name: 'team/app', tag: 'v1' }],
    ['#/compare/team/app?from=v1&to=v2', { view: 'compare', name: 'team/app', from: 'v1', to: 'v2' }],
    [
      `#/compare/team/app?from=v1&to=sha256%3A${'0'.repeat(64)}&toRepository=b%2Fc&platform=linux%2Farm64`,
      {
        ...{ view: 'compare', name: 'team/app', from: 'v1', to: digest },
        toRepository: 'b/c',
        platform: 'linux/arm64',
      },
    ],
    ['#/disk', { view: 'disk' }],
  ])('%s leads to its view and back', (hash, route) => {
    expect(routeOf(hash)).toEqual(route);
    expect(hrefOf(route)).toBe(hash);
    expect(titleOf(route)).not.toBe('');
  });

  it.each([
    '',
    '#',
    '#/nothing/here',
    '#/image/team/app',
    '#/image/',
    '#/%',
    '#/history/a:',
    '#/image/a:b:c',
    '#/compare/a?from=b',
  ])('that is none, %s, leads to the list', (hash) => {
    expect(routeOf(hash)).toEqual({ view: 'repositories', text: '' });
  });

  it('of a history needs a tag', () => {
    expect(routeOf(`#/history/team/app@${digest}`).view).toBe('image');
  });
});
