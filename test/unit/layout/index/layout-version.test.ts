import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { LayoutVersion } from '../../../../src/layout/index/layout-version.ts';
import type { RepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';

const keys = layoutKeys('team/app' as RepositoryName);

function versionOver() {
  const store = new MemoryStore();
  return {
    version: new LayoutVersion(store, keys),
    write: (text: string) => store.write(keys.ociLayout, Buffer.from(text)),
  };
}

describe('oci-layout', () => {
  it('is made where it is missing, and left alone where it is of our version however it is printed', async () => {
    const { version, write } = versionOver();
    expect((await version.missingFile()).map(({ key }) => key)).toEqual([keys.ociLayout]);
    await write('{ "imageLayoutVersion": "1.0.0", "x": 1 }\n');
    expect(await version.missingFile()).toEqual([]);
  });

  it('of another version is refused at once', async () => {
    const { version, write } = versionOver();
    await write('{"imageLayoutVersion":"2.0.0"}');
    await expect(version.missingFile()).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
  });

  it('that is empty while skopeo rewrites it in place is waited for', async () => {
    const { version, write } = versionOver();
    await write('');
    const asked = version.missingFile();
    await write('{"imageLayoutVersion":"1.0.0"}');
    expect(await asked).toEqual([]);
  });

  it('that stays unreadable is refused', async () => {
    const { version, write } = versionOver();
    await write('{');
    await expect(version.missingFile()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('of another version keeps readers away; one that is missing, half written, or no such file at all does not', async () => {
    const { version, write } = versionOver();
    await version.assertReadable();
    for (const text of ['', '{', '{}', '[]', '{"imageLayoutVersion":"1.0.0"}', 'x'.repeat(100_000)]) {
      await write(text);
      await version.assertReadable();
    }
    for (const other of ['"2.0.0"', '1', 'null', '"\\u001b[2J"']) {
      await write(`{"imageLayoutVersion":${other}}`);
      await expect(version.assertReadable()).rejects.toThrow(/only 1\.0\.0 is understood/);
    }
    await expect(version.assertReadable()).rejects.not.toThrow(String.fromCharCode(27));
  });
});
