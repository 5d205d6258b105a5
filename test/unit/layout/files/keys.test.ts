// Where things are on disk.
import { describe, expect, it } from 'vitest';
import {
  childPrefix,
  layoutKeys,
  mayHoldRepositories,
  poolKey,
  rootPrefix,
} from '../../../../src/layout/files/keys.ts';
import { parseDigest } from '../../../../src/oci/digest.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const long = parseDigest(`sha512:${'b'.repeat(128)}`);

describe('layoutKeys', () => {
  it('are the files of an image layout below the repository', () => {
    const keys = layoutKeys(parseRepositoryName('team/app'));
    expect(keys.ociLayout).toBe('team/app/oci-layout');
    expect(keys.index).toBe('team/app/index.json');
    expect(keys.blob(digest)).toBe(`team/app/blobs/sha256/${'a'.repeat(64)}`);
    expect(keys.blob(long)).toBe(`team/app/blobs/sha512/${'b'.repeat(128)}`);
    expect(keys.journal).toMatch(/^\.moorage\/journal\/team\/app\//);
    expect(keys.foreignLocks).toEqual(['team/app/index.json.lock', 'team/app/.lock', 'team/app/index.lock']);
  });

  it('of a root that is itself a layout are in it', () => {
    const keys = layoutKeys('');
    expect([keys.ociLayout, keys.index, keys.blob(digest)]).toEqual([
      'oci-layout',
      'index.json',
      `blobs/sha256/${'a'.repeat(64)}`,
    ]);
  });

  it('keep the pool and the journal apart from every repository', () => {
    expect(poolKey(digest)).toBe(`.moorage/pool/sha256/${'a'.repeat(64)}`);
    const [outer, inner] = ['a', 'a/journal'].map((name) => layoutKeys(parseRepositoryName(name)).journal);
    expect(outer).not.toBe(inner);
    expect(inner?.startsWith(`${outer}/`)).toBe(false);
  });
});

describe('the walk for repositories', () => {
  it('goes down by names', () => {
    expect(childPrefix(rootPrefix, 'a')).toBe('a');
    expect(childPrefix(childPrefix(rootPrefix, 'a'), 'b')).toBe('a/b');
  });

  it('leaves out what belongs to layouts and to tools', () => {
    expect(['team', 'manifests', 'a.b'].every(mayHoldRepositories)).toBe(true);
    expect(['blobs', 'ingest', '.moorage', '.uploads', '_uploads', '.git'].some(mayHoldRepositories)).toBe(false);
  });
});
