// Which of several extensions of one header wins, and PAX headers that are none.
import { describe, expect, test } from 'vitest';
import { HeaderExtensions, parseLongName, parsePaxRecords } from '../../../../src/storage/archive/tar-extensions.ts';
import { TarDamageError } from '../../../../src/storage/archive/tar-header.ts';
import { pax } from './tar-writer.ts';

const plain = { path: 'plain', linkPath: '', size: 1, type: '0', oldSparse: undefined, sparse: undefined };

function records(given: Readonly<Record<string, string>>) {
  return parsePaxRecords(Buffer.from(pax(given).content ?? ''));
}

describe('PAX records', () => {
  test('of which paths, links and sizes matter', () => {
    const found = records({ path: 'ü/=\n', mtime: '1.5', linkpath: 'l', size: '7' });
    expect([...found.values]).toEqual([
      ['path', 'ü/=\n'],
      ['linkpath', 'l'],
      ['size', '7'],
    ]);
  });

  test.each([
    'x path=a\n',
    '8 path=a\n',
    '11 path=a\n',
    '99999999999999999999 path=a\n',
    '0 path=a\n',
    '10 path:aa\n',
    '10',
    '-1 path=a\n',
  ])('are refused when malformed: %j', (text) => {
    expect(() => parsePaxRecords(Buffer.from(text))).toThrow(TarDamageError);
  });
});

describe('extensions of a header', () => {
  test('hold for one header, global ones for all', () => {
    const extensions = new HeaderExtensions();
    extensions.addGlobal(records({ path: 'global' }));
    extensions.addOwn(records({ path: 'own', size: '9' }));
    expect(extensions.applyTo(plain)).toMatchObject({ path: 'own', size: 9 });
    expect(extensions.applyTo(plain)).toMatchObject({ path: 'global', size: 1 });
    extensions.addOwn(records({ path: '' }));
    expect(extensions.applyTo(plain)).toMatchObject({ path: 'plain' });
  });

  test('PAX wins over long names of GNU, and these over the header and over global records', () => {
    const extensions = new HeaderExtensions();
    extensions.addGlobal(records({ path: 'global' }));
    extensions.setLongPath(parseLongName(Buffer.from('long\0rest')));
    extensions.setLongLinkPath('long link');
    expect(extensions.applyTo(plain)).toMatchObject({ path: 'long', linkPath: 'long link' });
    extensions.setLongPath('long');
    extensions.addOwn(records({ path: 'own' }));
    expect(extensions.applyTo(plain)).toMatchObject({ path: 'own', linkPath: '' });
  });

  test('say that a member is sparse', () => {
    const extensions = new HeaderExtensions();
    extensions.addOwn(records({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'its/name' }));
    const sparse = {
      records: [
        ['major', '1'],
        ['name', 'its/name'],
      ],
    };
    expect(extensions.applyTo(plain)).toMatchObject({ path: 'its/name', sparse });
    expect(extensions.applyTo(plain).sparse).toBeUndefined();
  });

  test('keep the map of one header, however many there are, and none for all members', () => {
    const extensions = new HeaderExtensions();
    extensions.addGlobal(records({ 'GNU.sparse.map': '0,1' }));
    for (const at of [1, 2, 3]) extensions.addOwn(records({ 'GNU.sparse.map': `${at},1` }));
    extensions.addOwn(records({ path: 'x' }));
    expect(extensions.applyTo(plain).sparse?.records).toEqual([['map', '3,1']]);
    extensions.addOwn(records({ path: 'x' }));
    expect(extensions.applyTo(plain).sparse).toBeUndefined();
  });

  test.each(['-1', '1e3', '99999999999999999999', '9007199254740992', 'x'])('refuse the size %j', (size) => {
    const extensions = new HeaderExtensions();
    extensions.addOwn(records({ size }));
    expect(() => extensions.applyTo(plain)).toThrow(TarDamageError);
  });
});
