// Full names as docker makes them.
import { expect, it } from 'vitest';
import { fullNameOf, parseFullName } from '../../../src/transfer/export-name.ts';

it.each([
  ['app', 'docker.io/library/app'],
  ['team/app', 'docker.io/team/app'],
  ['a/b/c', 'docker.io/a/b/c'],
  ['docker.io/app', 'docker.io/library/app'],
  ['index.docker.io/team/app', 'docker.io/team/app'],
  ['library/app', 'docker.io/library/app'],
  ['library/team/app', 'docker.io/library/team/app'],
  ['localhost/app', 'localhost/app'],
  ['localhost:5000/team/app', 'localhost:5000/team/app'],
  ['registry.example.com/app', 'registry.example.com/app'],
])('%s is %s', (name, full) => {
  expect(fullNameOf(name)).toBe(full);
  expect(fullNameOf(full)).toBe(full);
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
