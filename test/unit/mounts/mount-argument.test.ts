// What `PATH`, `NAME=PATH` and `NAME=PATH:ro` mean.
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MountArgumentError, nameOfPath, parseMountArgument } from '../../../src/mounts/mount-argument.ts';

const parse = (written: string, ...there: string[]) =>
  parseMountArgument(written, (path) => there.map((each) => resolve(each)).includes(path));

describe('a PATH of the command line', () => {
  it.each([
    ['./images', undefined, './images', false],
    ['images.tar', undefined, 'images.tar', false],
    ['images:ro', undefined, 'images', true],
    ['team/app=./x', 'team/app', './x', false],
    ['app=/srv/x:ro', 'app', '/srv/x', true],
    ['app=a=b', 'app', 'a=b', false],
    ['./a=b', undefined, './a=b', false],
    ['/srv/a=b', undefined, '/srv/a=b', false],
    ['=x', undefined, '=x', false],
    ['oci:images', undefined, 'images', false],
    ['app=docker-archive:/srv/x.tar:ro', 'app', '/srv/x.tar', true],
  ])('%s', (written, name, path, readOnly) => {
    expect(parse(written)).toEqual({ written, name, path: resolve(path), readOnly, collects: false });
  });

  it.each([
    ['a=b', 'a=b'],
    ['images:ro', 'images:ro'],
    ['oci:images', 'oci:images'],
    ['app=x:ro', 'app=x:ro'],
  ])('%s is a file of that name when there is one', (written, path) => {
    expect(parse(written, path)).toEqual({
      written,
      name: undefined,
      path: resolve(path),
      readOnly: false,
      collects: false,
    });
  });

  it.each([
    ['app=./x:gc', 'app', './x'],
    ['images:gc', undefined, 'images'],
    ['app=oci:x:gc', 'app', 'x'],
  ])('%s is collected', (written, name, path) => {
    expect(parse(written)).toEqual({ written, name, path: resolve(path), readOnly: false, collects: true });
    expect(parse(written, written)).toMatchObject({ path: resolve(written), collects: false });
  });

  it('names a directory called x:ro when there is one', () => {
    expect(parse('app=x:ro', 'x:ro')).toMatchObject({ name: 'app', path: resolve('x:ro'), readOnly: false });
  });

  it.each(['', 'app=', 'app=:ro', 'App=x', 'a b=x', 'app/=x', 'blobs=x', 'team//app=x'])('%s is refused', (written) => {
    expect(() => parse(written)).toThrow(MountArgumentError);
  });
});

describe('the name of a path', () => {
  const nameOf = (path: string) =>
    nameOfPath({ path, written: path, name: undefined, readOnly: false, collects: false });

  it.each([
    ['/srv/images', 'images'],
    ['/srv/Images.TAR', 'images'],
    ['/srv/app.oci.tar.gz', 'app'],
    ['/srv/app.tgz', 'app'],
    ['/srv/app.tar.xz', 'app'],
    ['/srv/app.tbz2', 'app'],
    ['/srv/app.tar.zst', 'app'],
    ['/srv/alpine-3.20.tar', 'alpine-3.20'],
    ['/srv/My Images (2)', 'my-images-2'],
    ['/srv/__a..b--c__', 'a.b-c'],
    ['/srv/état', 'tat'],
  ])('%s is %s', (path, name) => {
    expect(nameOf(path)).toBe(name);
  });

  it.each(['/', '/srv/.tar', '/srv/日本', '/srv/blobs', '/srv/index.json'])('%s cannot be told', (path) => {
    expect(() => nameOf(path)).toThrow(/write NAME=/);
  });
});
