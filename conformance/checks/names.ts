// Repository names: the grammar, its limits, and names that look like parts of the API (distribution-spec, Pulling
// manifests: <name>).
import { check, type Section } from '../check/check.ts';
import { expectBody, expectError, expectStatus, fail } from '../check/expect.ts';
import { imageOf } from '../registry/content.ts';
import type { Registry } from '../registry/registry.ts';

const grammar = 'distribution-spec: Pulling manifests, <name>';

async function pushAndPull(registry: Registry, name: string): Promise<void> {
  const repository = registry.named(name);
  const image = imageOf();
  await repository.pushImage(image, 'v1');
  const answer = await repository.getManifest('v1');
  expectStatus(answer, 200);
  expectBody(answer, image.manifest.bytes);
  expectStatus(await repository.listTags(), 200);
  expectStatus(await repository.listReferrers(image.manifest.digest), 200, 404);
}

function legal(name: string, suffixes: readonly string[]) {
  return check({
    id: 'GEN-10',
    name,
    clause: grammar,
    level: 'MUST',
    run: async (registry) => {
      const { name: base } = registry.repository();
      for (const suffix of suffixes) await pushAndPull(registry, `${base}/${suffix}`);
    },
  });
}

const separators = legal('separators inside components: . _ __ - and runs of -', [
  'a.b',
  'a_b',
  'a__b',
  'a-b',
  'a---b',
]);
const digitsAndDepth = legal('digits, single letters and many components', ['0', 'a', '1/2/3/4/5/6/7/8']);
const apiWords = legal('components that are words of the API', [
  'manifests',
  'tags/list',
  'uploads',
  'referrers',
  'a/manifests/b',
  'a/manifests/latest',
  'a/tags',
  'a/uploads/b',
  'v2',
  'catalog',
]);

const nested = check({
  id: 'GEN-10',
  name: 'a and a/b are two repositories that know nothing of each other',
  clause: grammar,
  level: 'MUST',
  run: async (registry) => {
    const outer = registry.repository();
    const inner = registry.named(`${outer.name}/b`);
    const [outerImage, innerImage] = [imageOf(), imageOf()];
    await inner.pushImage(innerImage, 'v1');
    await outer.pushImage(outerImage, 'v1');
    expectBody(await inner.getManifest('v1'), innerImage.manifest.bytes);
    expectBody(await outer.getManifest('v1'), outerImage.manifest.bytes);
    expectStatus(await outer.getManifest(innerImage.manifest.digest), 404);
    expectStatus(await outer.getBlob(innerImage.config.digest), 404);
  },
});

const longest = check({
  id: 'GEN-10',
  name: 'a name of 255 characters is accepted',
  clause: `${grammar}, implementers note`,
  level: 'CHOSEN',
  run: async (registry) => pushAndPull(registry, padded(registry, 255)),
});

const tooLong = check({
  id: 'BAD-NAME',
  name: 'a name of 256 characters is 400 NAME_INVALID',
  clause: `${grammar}, implementers note`,
  level: 'CHOSEN',
  run: async (registry) => {
    const repository = registry.named(padded(registry, 256));
    expectError(await repository.postUpload(), 400, 'NAME_INVALID');
  },
});

/** Components of 40 characters, so that no file system finds one of them too long. */
function padded(registry: Registry, length: number): string {
  let { name } = registry.repository('/');
  while (length - name.length > 41) name += `${'x'.repeat(40)}/`;
  return name + 'x'.repeat(length - name.length);
}

const illegalNames: Readonly<Record<string, readonly string[]>> = {
  'upper case': ['Upper', 'a/B'],
  'separators at an edge or in a row': ['-a', 'a-', '.a', 'a.', '_a', 'a_', 'a..b', 'a___b', 'a._b', 'a/-b'],
  'empty components': ['a//b', 'a/'],
  'other characters': ['a+b', 'a@b', 'a~b', 'a!b', 'a$b', 'a,b', 'a:b'],
  'encoded characters': ['a%20b', 'a%2Fb', 'a%2fb', 'a%5Cb', 'a%00b', 'a%0Ab', '%C3%A4', 'a%3Fb', 'a%23b'],
};

const illegal = Object.entries(illegalNames).map(([what, suffixes]) =>
  check({
    id: 'BAD-NAME',
    name: `${what}: 400 NAME_INVALID, for pulls 404 as well, and never a success`,
    clause: grammar,
    // A server may clean a path before it looks at the name (RFC 3986, section 6.2.2): then these are other, legal names.
    level: what === 'empty components' || what === 'encoded characters' ? 'CHOSEN' : 'MUST',
    run: async (registry) => {
      const { name } = registry.repository();
      for (const suffix of suffixes) {
        const repository = registry.named(`${name}/${suffix}`);
        expectError(await repository.postUpload(), [400, 404], 'NAME_INVALID', 'UNSUPPORTED', 'NAME_UNKNOWN');
        expectError(await repository.listTags(), [400, 404], 'NAME_INVALID', 'UNSUPPORTED', 'NAME_UNKNOWN');
        expectError(await repository.getManifest('v1'), [400, 404]);
        expectError(await repository.putManifest('v1', imageOf().manifest), [400, 404]);
      }
    },
  }),
);

const dots = check({
  id: 'BAD-NAME',
  name: '.. and its encodings never leave the namespace: no success, no server error',
  clause: grammar,
  level: 'CHOSEN',
  run: async (registry) => {
    const { name } = registry.repository();
    const ways = ['..', '%2e%2e', '.%2e', '..%2f..', '%2e%2e%2f%2e%2e', '..%5c..', '.', '%2e'];
    for (const way of ways) {
      for (const path of [`/v2/${name}/${way}/x/tags/list`, `/v2/${way}/${name}/blobs/uploads/`, `/v2/${way}/etc`]) {
        for (const method of ['GET', 'POST']) {
          const answer = await registry.request(method, path, { followRedirects: false });
          if (answer.status < 300 || answer.status > 499)
            fail(`status ${answer.status} for a path with ${way}`, answer);
        }
      }
    }
  },
});

const reserved = check({
  id: 'BAD-NAME',
  name: 'components that are files of an image layout are 400 NAME_INVALID',
  clause: 'image-spec: Image Layout; the repository a/blobs would lie inside the layout of a',
  level: 'CHOSEN',
  run: async (registry) => {
    const { name } = registry.repository();
    for (const component of ['blobs', 'index.json', 'oci-layout']) {
      for (const full of [`${name}/${component}`, `${name}/${component}/x`, component]) {
        expectError(await registry.named(full).postUpload(), 400, 'NAME_INVALID');
        expectError(await registry.named(full).putManifest('v1', imageOf().manifest), 400, 'NAME_INVALID');
      }
    }
  },
});

export const names: Section = {
  title: 'Names',
  checks: [separators, digitsAndDepth, apiWords, nested, longest, tooLong, ...illegal, dots, reserved],
};
