// The directory itself: other tools open the layouts that the pushes made, while the server runs, and read them back.

import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Missing } from '../checks.ts';
import { expectEqual, expectIncludes } from '../expect.ts';
import type { Lab, LeftBehind, Scenario } from '../lab.ts';
import { verifiedDigests } from '../material/layout-directory.ts';
import { discoveredDigests } from '../tools/oras.ts';
import { referrerDigestsFormat } from '../tools/regctl.ts';

export const openDirectory: Scenario = async (lab) => {
  const { checks, left } = lab;
  for (const content of left) {
    const what = `${content.kind} that ${content.tool} pushed`;
    await checks.check('oras --oci-layout', what, () => readWithOras(lab, content));
    await checks.check('regctl ocidir', what, () => readWithRegctl(lab, content));
    const hidden = hiddenFromSkopeo(content);
    if (hidden === undefined) await checks.check('skopeo oci', what, () => readWithSkopeo(lab, content));
    else checks.notApplicable('skopeo oci', what, hidden);
  }
};

/** Why skopeo cannot open it in a layout; undefined when it can. */
function hiddenFromSkopeo({ kind, mediaType }: LeftBehind): string | undefined {
  if (kind === 'artifact') return 'skopeo copies images only';
  return mediaType.startsWith('application/vnd.oci.') ? undefined : `skopeo does not see ${mediaType} in a layout`;
}

async function readWithOras(lab: Lab, content: LeftBehind): Promise<string> {
  const oras = (...args: string[]) => lab.run('oras', args);
  const name = `${layoutOf(lab, content)}:${content.tag}`;
  const described = JSON.parse(await oras('manifest', 'fetch', '--oci-layout', '--descriptor', name)) as {
    digest: string;
  };
  expectEqual(described.digest, content.digest, 'the digest in the layout');
  const found = discoveredDigests(await oras('discover', '--oci-layout', '--format', 'json', '--depth', '1', name));
  await expectServedReferrers(lab, content, found);
  const target = await mkdtemp(join(lab.scratch, 'oras-copy-'));
  await oras('cp', '--from-oci-layout', name, '--to-oci-layout', `${target}:copied`);
  expectIncludes(await verifiedDigests(target), content.digest, 'the digests copied');
  return `${found.length} referrers, copied`;
}

async function readWithRegctl(lab: Lab, content: LeftBehind): Promise<string> {
  const regctl = (...args: string[]) => lab.run('regctl', args);
  const name = `ocidir://${layoutOf(lab, content)}:${content.tag}`;
  const digest = (await regctl('manifest', 'head', '--format', '{{.GetDescriptor.Digest}}', name)).trim();
  expectEqual(digest, content.digest, 'the digest in the layout');
  const listed = await regctl('artifact', 'list', '--format', referrerDigestsFormat, name);
  const found = listed.split('\n').filter((line) => line !== '');
  await expectServedReferrers(lab, content, found);
  const target = await mkdtemp(join(lab.scratch, 'regctl-copy-'));
  await regctl('image', 'copy', name, `ocidir://${target}:copied`);
  expectIncludes(await verifiedDigests(target), content.digest, 'the digests copied');
  return `${found.length} referrers, copied`;
}

async function readWithSkopeo(lab: Lab, content: LeftBehind): Promise<string> {
  const skopeo = (...args: string[]) => lab.run('skopeo', args);
  const name = `oci:${layoutOf(lab, content)}:${content.tag}`;
  if (content.kind === 'image') {
    const inspected = JSON.parse(await skopeo('inspect', name)) as { Digest: string };
    expectEqual(inspected.Digest, content.digest, 'the digest in the layout');
  }
  const target = await mkdtemp(join(lab.scratch, 'skopeo-copy-'));
  await skopeo('--insecure-policy', 'copy', '--all', name, `oci:${target}:copied`);
  expectIncludes(await verifiedDigests(target), content.digest, 'the digests copied');
  return 'inspected, copied';
}

async function expectServedReferrers({ registry }: Lab, content: LeftBehind, found: readonly string[]): Promise<void> {
  const served = await registry.referrers(content.repository, content.digest);
  expectEqual(found.toSorted().join(), served.toSorted().join(), 'referrers found in the layout');
}

/** The directory of a repository: its name below the root. */
export function layoutOf({ server }: Lab, { repository }: { readonly repository: string }): string {
  if (server.root === undefined) throw new Missing('the directory of the server is not known: name it with --root');
  return join(server.root, repository);
}
