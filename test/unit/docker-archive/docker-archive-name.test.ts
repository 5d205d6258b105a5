// Names of RepoTags as Docker's full names, and what is no name.
import { expect, test } from 'vitest';
import { parseDockerName } from '../../../src/docker-archive/docker-archive-name.ts';

test.each([
  ['alpine:3.20', 'docker.io/library/alpine:3.20', '3.20'],
  ['alpine', 'docker.io/library/alpine:latest', 'latest'],
  ['acme/app:v1', 'docker.io/acme/app:v1', 'v1'],
  ['docker.io/alpine:3', 'docker.io/library/alpine:3', '3'],
  ['index.docker.io/acme/app:v1', 'docker.io/acme/app:v1', 'v1'],
  ['localhost/app:v1', 'localhost/app:v1', 'v1'],
  ['localhost:5000/a/b', 'localhost:5000/a/b:latest', 'latest'],
  ['Host/app:v1', 'Host/app:v1', 'v1'],
  ['ghcr.io/a/b/c:1.0_x', 'ghcr.io/a/b/c:1.0_x', '1.0_x'],
  ['[::1]:5000/app:v1', '[::1]:5000/app:v1', 'v1'],
])('%s is %s', (text, full, tag) => {
  expect(parseDockerName(text)).toEqual({ full, tag });
});

test.each([
  '<none>:<none>',
  '<none>',
  '',
  ':tag',
  'app:',
  'App:v1',
  'a/../b:v1',
  '/a:v1',
  'a//b:v1',
  'a:-v1',
  `a:${'t'.repeat(129)}`,
  `${'a'.repeat(300)}:v1`,
  `app@sha256:${'0'.repeat(64)}`,
  'a b:v1',
  '../etc:v1',
  'exa mple.com/a:v1',
])('%j is no name', (text) => {
  expect(parseDockerName(text)).toBeUndefined();
});
