import { describe, expect, it } from 'vitest';
import {
  canonicalPath,
  hostComponent,
  parseImageName,
  printImageName,
} from '../../../../src/layout/index/image-name.ts';

describe('a full name', () => {
  it.each([
    'docker.io/library/alpine:3.20',
    'localhost:5000/hello:v1',
    'acme/app:v1',
    'app',
    '[::1]:5000/app:v1',
    'MYREG/app:v1',
  ])('%s is printed as it was read', (text) => {
    const name = parseImageName(text);
    expect(name && printImageName(name)).toBe(text);
  });

  it.each([
    '',
    ':',
    '/',
    'docker.io/',
    'a//b:v1',
    'a:b:c',
    'a/b:',
    '@sha256:x',
    'a/B:v1',
    'A/B:v1',
    `${'a/'.repeat(200)}b:v1`,
  ])('%j names nothing', (text) => {
    expect(parseImageName(text)).toBeUndefined();
  });
});

it('a host becomes one component of a repository name, or cannot', () => {
  expect(hostComponent('docker.io')).toBe('docker.io');
  expect(hostComponent('LOCALHOST:5000')).toBe('localhost_5000');
  expect(hostComponent('127.0.0.1:80')).toBe('127.0.0.1_80');
  expect(hostComponent('[::1]:5000')).toBeUndefined();
});

it('both names of Docker Hub are one', () => {
  expect(canonicalPath('index.docker.io/library/alpine')).toBe('docker.io/library/alpine');
  expect(canonicalPath('index.docker.iox/a')).toBe('index.docker.iox/a');
  expect(canonicalPath('')).toBe('');
});
