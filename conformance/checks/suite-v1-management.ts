// The content management tests of the official suite v1.1.1, by its names.
import { type Check, check, type Section } from '../check/check.ts';
import { expectEqual, expectError, expectStatus } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import { imageOf } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';
import { tagsOf } from './tags.ts';

const clause = 'conformance suite v1.1.1: Content Management';

function test(name: string, run: Check['run']): Check {
  return check({ id: `Content Management ${name}`, name: 'as there', clause, level: 'MUST', run });
}

async function setup(registry: Registry) {
  const repository = registry.repository();
  const image = imageOf();
  await repository.pushImage(image, 'tagtest0');
  const tags = tagsOf(await repository.listTags());
  return { repository, image, tags };
}

/** True when it was deleted; a registry that does not delete says 405, or 400 with UNSUPPORTED. */
function wasDeleted(answer: Answer, ...also: readonly number[]): boolean {
  expectStatus(answer, 202, 400, 405, ...also);
  if (answer.status === 400) expectError(answer, 400, 'UNSUPPORTED');
  return answer.status === 202;
}

const prepared = async (registry: Registry): Promise<void> => void (await setup(registry));

export const suiteV1Management: Section = {
  title: 'Official suite v1.1.1: content management',
  checks: [
    test('Setup Populate registry with test config blob', prepared),
    test('Setup Populate registry with test layer', prepared),
    test('Setup Populate registry with test tag', prepared),
    test('Setup Check how many tags there are before anything gets deleted', async (registry) => {
      expectEqual((await setup(registry)).tags, ['tagtest0'], 'tags');
    }),
    test('Manifest delete DELETE request to manifest tag should return 202, unless tag deletion is disallowed (400/405)', async (registry) => {
      const { repository } = await setup(registry);
      wasDeleted(await repository.deleteManifest('tagtest0'));
    }),
    test('Manifest delete DELETE request to manifest (digest) should yield 202 response unless already deleted', async (registry) => {
      const { repository, image } = await setup(registry);
      wasDeleted(await repository.deleteManifest('tagtest0'));
      wasDeleted(await repository.deleteManifest(image.manifest.digest), 404);
    }),
    test('Manifest delete GET request to deleted manifest URL should yield 404 response, unless delete is disallowed', async (registry) => {
      const { repository, image } = await setup(registry);
      const deleted = wasDeleted(await repository.deleteManifest(image.manifest.digest));
      expectStatus(await repository.getManifest(image.manifest.digest), deleted ? 404 : 200);
    }),
    test('Manifest delete GET request to tags list should reflect manifest deletion', async (registry) => {
      const { repository, tags } = await setup(registry);
      const deleted = wasDeleted(await repository.deleteManifest('tagtest0'));
      const answer = await repository.listTags();
      expectStatus(answer, 200, 404);
      const left = answer.status === 404 ? [] : tagsOf(answer);
      expectEqual(left.length, deleted ? tags.length - 1 : tags.length, 'number of tags', answer);
    }),
    test('Blob delete DELETE request to blob URL should yield 202 response', async (registry) => {
      const { repository, image } = await setup(registry);
      await repository.deleteManifest(image.manifest.digest);
      for (const { digest } of [image.config, ...image.layers]) {
        expectStatus(await repository.deleteBlob(digest), 202, 404, 405);
      }
    }),
    test('Blob delete GET request to deleted blob URL should yield 404 response', async (registry) => {
      const { repository, image } = await setup(registry);
      await repository.deleteManifest(image.manifest.digest);
      const { status } = await repository.deleteBlob(image.config.digest);
      expectStatus(await repository.getBlob(image.config.digest), status === 405 ? 200 : 404);
    }),
  ],
};
