// What the server's settings change: the warning header and read-only service.
import { check, type Section } from '../check/check.ts';
import { expectBody, expectError, expectHeader, expectStatus, expectTrue } from '../check/expect.ts';
import { absentDigest, imageOf, randomBlob } from '../registry/content.ts';
import { octetStream } from '../registry/upload-session.ts';

/** The text that server/variants.ts configures. */
export const warningText = 'conformance: this registry goes away on Friday';

const warning = check({
  id: 'GEN-8',
  name: 'with server.warning every answer carries Warning: 299 - "text", successes and errors alike',
  clause: 'distribution-spec: Warnings',
  level: 'MAY',
  run: async (registry) => {
    const warned = registry.variant('warning');
    const repository = warned.repository();
    const image = imageOf();
    const answers = [
      await warned.request('GET', '/v2/'),
      await repository.pushImage(image, 'v1'),
      await repository.getManifest('v1'),
      await repository.headManifest('v1'),
      await repository.getBlob(image.config.digest),
      await repository.listTags(),
      await repository.getBlob(absentDigest()),
      await repository.postUpload(),
      await warned.request('GET', '/nothing'),
    ];
    for (const answer of answers) expectHeader(answer, 'Warning', `299 - "${warningText}"`);
  },
});

const noWarning = check({
  id: 'GEN-8',
  name: 'Warning, where it is sent, is of the form 299 - "text"',
  clause: 'distribution-spec: Warnings',
  level: 'MUST',
  run: async (registry) => {
    const answer = await registry.request('GET', '/v2/');
    for (const line of answer.headers('Warning')) {
      expectTrue(/^299 - "(?:[^"\\]|\\.)*"$/.test(line), `Warning: ${line}`, answer);
    }
  },
});

const readOnlyPushes = check({
  id: 'BAD-BODY',
  name: 'read-only: every push is 403 DENIED, every delete 405 UNSUPPORTED, pulls go on',
  clause: 'distribution-spec: Error Codes, DENIED and UNSUPPORTED',
  level: 'CHOSEN',
  run: async (registry) => {
    const readOnly = registry.variant('read-only');
    const writable = registry.repository();
    const image = imageOf();
    await writable.pushImage(image, 'v1');
    const session = await writable.startUpload();
    const repository = readOnly.named(writable.name);
    expectBody(await repository.getManifest('v1'), image.manifest.bytes);
    expectBody(await repository.getBlob(image.config.digest), image.config.bytes);
    expectStatus(await repository.listTags(), 200);
    expectStatus(await repository.listReferrers(image.manifest.digest), 200);
    const other = randomBlob();
    const { pathname } = new URL(session.location);
    const pushes = [
      await repository.postUpload(),
      await repository.postUpload(`?digest=${other.digest}`, { headers: octetStream, body: other.bytes }),
      await repository.postUpload(`?mount=${image.config.digest}&from=${encodeURIComponent(writable.name)}`),
      await readOnly.request('PATCH', pathname, { headers: octetStream, body: other.bytes }),
      await readOnly.request('PUT', `${pathname}?digest=${other.digest}`, { headers: octetStream, body: other.bytes }),
      await repository.putManifest('v2', image.manifest),
      await readOnly.repository().putManifest('v1', image.manifest),
    ];
    for (const answer of pushes) expectError(answer, 403, 'DENIED');
    const removals = [
      await repository.deleteManifest('v1'),
      await repository.deleteManifest(image.manifest.digest),
      await repository.deleteBlob(image.config.digest),
    ];
    for (const answer of removals) expectError(answer, 405, 'UNSUPPORTED');
    expectStatus(await writable.headManifest('v1'), 200);
  },
});

const readOnlySuite = check({
  id: 'read-only',
  name: 'content pushed beforehand is pulled from a server that takes no pushes',
  clause: 'conformance suite (main): read-only (OCI_RO_DATA_*)',
  level: 'MUST',
  run: async (registry) => {
    const writable = registry.repository();
    const image = imageOf();
    await writable.pushImage(image, 'v1');
    const repository = registry.variant('read-only').named(writable.name);
    for (const reference of ['v1', image.manifest.digest]) {
      expectStatus(await repository.headManifest(reference), 200);
      expectBody(await repository.getManifest(reference), image.manifest.bytes);
    }
    for (const blob of [image.config, ...image.layers]) {
      expectStatus(await repository.headBlob(blob.digest), 200);
      expectBody(await repository.getBlob(blob.digest), blob.bytes);
    }
    expectStatus(await repository.listReferrers(image.manifest.digest), 200);
  },
});

export const settings: Section = { title: 'Settings', checks: [warning, noWarning, readOnlyPushes, readOnlySuite] };
