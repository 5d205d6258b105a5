// What holds for the API as a whole: its categories, the base path, names, redirects, Docker's headers.
import { check, type Section } from '../check/check.ts';
import {
  expectBody,
  expectDeleted,
  expectEqual,
  expectError,
  expectHeader,
  expectStatus,
  expectTrue,
} from '../check/expect.ts';
import { imageOf, randomBlob, referrerOf } from '../registry/content.ts';
import { referrersOf } from './referrers.ts';

const apiCategories = check({
  id: 'GEN-1',
  name: 'every API of pull, push, content discovery and content management answers with its success',
  clause: 'distribution-spec: Requirements',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const image = imageOf();
    const [layer = image.config] = image.layers;
    await repository.pushImage(image, 'v1');
    await repository.pushImage(referrerOf(image.manifest, 'application/vnd.example.sbom'));
    expectStatus(await repository.getManifest('v1'), 200);
    expectStatus(await repository.headManifest(image.manifest.digest), 200);
    expectStatus(await repository.getBlob(layer.digest), 200);
    expectStatus(await repository.headBlob(layer.digest), 200);
    expectStatus(await repository.listTags(), 200);
    expectEqual(referrersOf(await repository.listReferrers(image.manifest.digest)).length, 1, 'number of referrers');
    expectDeleted(await repository.deleteManifest('v1'));
    expectDeleted(await repository.deleteManifest(image.manifest.digest));
    expectDeleted(await repository.deleteBlob(layer.digest));
  },
});

const basePath = check({
  id: 'GEN-2',
  name: 'GET /v2/ is 200',
  clause: 'distribution-spec: Determining Support',
  level: 'MUST',
  run: async (registry) => expectStatus(await registry.request('GET', '/v2/'), 200),
});

const basePathHead = check({
  id: 'GEN-2',
  name: 'HEAD /v2/ is 200 as well',
  clause: 'RFC 9110, section 9.3.2: HEAD is GET without the content',
  level: 'SHOULD',
  run: async (registry) => expectStatus(await registry.request('HEAD', '/v2/'), 200),
});

const basePathWithoutSlash = check({
  id: 'GEN-6',
  name: 'GET /v2 ends where /v2/ is, by a redirect or directly',
  clause: 'distribution-spec (main): API, redirects',
  level: 'CHOSEN',
  run: async (registry) => expectStatus(await registry.request('GET', '/v2'), 200),
});

const redirectedPulls = check({
  id: 'GEN-6',
  name: 'a blob is the same after whatever redirects the registry sends',
  clause: 'distribution-spec (main): API, redirects',
  level: 'MUST',
  run: async (registry) => {
    const repository = registry.repository();
    const blob = randomBlob();
    await repository.pushBlob(blob);
    const answer = await repository.getBlob(blob.digest);
    expectStatus(answer, 200);
    expectBody(answer, blob.bytes);
  },
});

const dockerVersion = check({
  id: 'GEN-9',
  name: 'GET /v2/ carries Docker-Distribution-API-Version: registry/2.0',
  clause: 'distribution-spec: Legacy Docker support HTTP headers',
  level: 'CHOSEN',
  run: async (registry) => {
    expectHeader(await registry.request('GET', '/v2/'), 'Docker-Distribution-API-Version', 'registry/2.0');
  },
});

const clientsDoNotNeedIt = check({
  id: 'GEN-9',
  name: 'where it is sent, it is registry/2.0',
  clause: 'distribution-spec: Legacy Docker support HTTP headers',
  level: 'SHOULD',
  run: async (registry) => {
    const sent = (await registry.request('GET', '/v2/')).headers('Docker-Distribution-API-Version');
    expectTrue(
      sent.every((line) => line === 'registry/2.0'),
      `Docker-Distribution-API-Version: ${sent}`,
    );
  },
});

const unknownPaths = check({
  id: 'GEN-3',
  name: 'a path that is no endpoint is 404 UNSUPPORTED',
  clause: 'distribution-spec: Error Codes',
  level: 'CHOSEN',
  run: async (registry) => {
    const { name } = registry.repository();
    const paths = ['/v1/', '/v3/', '/v2/nothing', `/v2/${name}/nothing/here`, `/v2/${name}/tags`, `/v2/${name}`];
    for (const path of paths) expectError(await registry.request('GET', path), 404, 'UNSUPPORTED');
  },
});

export const general: Section = {
  title: 'API',
  checks: [
    apiCategories,
    basePath,
    basePathHead,
    basePathWithoutSlash,
    redirectedPulls,
    dockerVersion,
    clientsDoNotNeedIt,
    unknownPaths,
  ],
};
