// Full names as docker makes them, and back.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { familiarNameOf, fullNameOf, parseFullName } from '../../../src/transfer/export-name.ts';

it.each([
  ['app', 'docker.io/library/app', 'app'],
  ['team/app', 'docker.io/team/app', 'team/app'],
  ['a/b/c', 'docker.io/a/b/c', 'a/b/c'],
  ['docker.io/app', 'docker.io/library/app', 'app'],
  ['index.docker.io/team/app', 'docker.io/team/app', 'team/app'],
  ['library/app', 'docker.io/library/app', 'app'],
  ['library/team/app', 'docker.io/library/team/app', 'library/team/app'],
  ['localhost/app', 'localhost/app', 'localhost/app'],
  ['localhost:5000/team/app', 'localhost:5000/team/app', 'localhost:5000/team/app'],
  ['registry.example.com/app', 'registry.example.com/app', 'registry.example.com/app'],
])('%s is %s, shown as %s', (name, full, familiar) => {
  expect(fullNameOf(name)).toBe(full);
  expect(familiarNameOf(full)).toBe(familiar);
  expect(fullNameOf(full)).toBe(full);
});

it('what docker shows means the same again', () => {
  const component = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/).filter((text) => text !== 'localhost');
  fc.assert(
    fc.property(fc.array(component, { minLength: 1, maxLength: 4 }), (components) => {
      const full = fullNameOf(components.join('/'));
      expect(fullNameOf(familiarNameOf(full))).toBe(full);
    }),
  );
});

it.each([
  ['app:v1', 'docker.io/library/app', 'v1'],
  ['localhost:5000/app', 'localhost:5000/app', undefined],
  ['localhost:5000/app:v1', 'localhost:5000/app', 'v1'],
  ['[::1]:5000/app:v1', '[::1]:5000/app', 'v1'],
])('--name %s', (written, repository, tag) => {
  expect(parseFullName(written)).toEqual({ repository, tag });
});

it.each(['App', 'app:', 'app:v 1', '', 'a b', 'app@sha256:00', 'host.example/', 'team//app'])(
  '--name %s is refused',
  (written) => {
    expect(parseFullName(written)).toBeUndefined();
  },
);
