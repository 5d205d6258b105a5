// What clients do while the power is cut: short, so that every moment of it can be looked at.
import { blobOf, configType, type Image, imageManifest } from '../content.ts';
import * as does from './operations.ts';

const base = blobOf('the base layer, which images share'.repeat(8));
const config = blobOf('{"architecture":"amd64"}', configType);

export function image(text: string): Image {
  return imageManifest({ layers: [base, blobOf(`layer of ${text}`.repeat(9))], config, annotations: { text } });
}

const bare = imageManifest({ layers: [] });
const [one, two] = [image('one'), image('two')] as const;
export const name = 'team/app';
const signature = does.referrerOf(one, 'signature');
const long = Buffer.alloc(9 * 1024 * 1024, 'a long upload over a bad line ');

export const scenarios: Readonly<Record<string, readonly does.Operation[]>> = {
  'an image is pushed': does.pushesImage(name, 'v1', one),
  'an image is pushed in chunks': does.pushesImage(name, 'v1', one, 'in chunks'),
  'a tag is moved': [...does.pushesImage(name, 'v1', one), ...does.pushesImage(name, 'v1', two)],
  'a signature is attached': [
    ...does.pushesImage(name, 'v1', one),
    does.pushesBlob(name, signature.config),
    does.attaches(name, signature, one),
  ],
  'a layer is mounted': [
    ...does.pushesImage(name, 'v1', one),
    does.mounts(name, 'team/other', base),
    does.mounts(name, 'team/other', config),
    ...one.layers.slice(1).map((layer) => does.mounts(name, 'team/other', layer)),
    does.tags('team/other', 'v1', one),
  ],
  'a tag is deleted': [...does.pushesImage(name, 'v1', one), does.tags(name, 'v2', one), does.untags(name, 'v1')],
  'a manifest is deleted, and pushed again': [
    ...does.pushesImage(name, 'v1', one),
    does.deletesManifest(name, one, ['v1']),
    does.tags(name, 'v1', one),
  ],
  'a blob is deleted, and pushed again': [
    does.pushesBlob(name, base),
    does.pushesBlob('team/other', base),
    does.deletesBlob(name, base),
    does.pushesBlob(name, base),
  ],
  'what nothing leads to is collected': [
    ...does.pushesImage(name, 'v1', one),
    does.pushesBlob(name, blobOf('of nothing')),
    does.deletesManifest(name, one, ['v1']),
    ...does.pushesImage(name, 'v2', two),
    does.collects(),
  ],
  'nothing is left, and its directory goes': [
    ...does.pushesImage(name, 'v1', bare),
    does.deletesManifest(name, bare, ['v1']),
    does.collects(),
  ],
  'a deleted manifest is rolled back to': [
    ...does.pushesImage(name, 'v1', one),
    does.tags(name, 'v2', one),
    does.deletesManifest(name, one, ['v1', 'v2']),
    does.rollsBack(name, 'v1', one),
  ],
  'a long upload begins': [...does.pushesImage(name, 'v1', two), does.beginsLongUpload(name, long)],
};
