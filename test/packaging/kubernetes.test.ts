// packaging/kubernetes, rendered by kubectl.
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../e2e/moorage-process.ts';
import { packaging } from './image-facts.ts';
import { expectRunnable, objectOf, objectsIn } from './rendered-objects.ts';
import { toolOf } from './tools.ts';

const kubectl = toolOf('kubectl', 'kubernetes.io, or the package of a distribution');

describe.skipIf(kubectl.isSkipped)(`packaging/kubernetes${kubectl.missing}`, () => {
  it('base: runs, restricted, and asks nobody who they are', async () => {
    const objects = objectsIn(await kubectl.run(['kustomize', join(packaging, 'kubernetes/base')]));
    const settings = await expectRunnable(objects);
    expect(settings.auth.htpasswd).toBeUndefined();
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual(['ConfigMap', 'Service', 'StatefulSet']);
  });

  it('overlay users: mounts the Secret where the settings look for users', async () => {
    const directory = await scratchDirectory();
    await cp(join(packaging, 'kubernetes'), directory, { recursive: true });
    const overlay = join(directory, 'overlays/users');
    await writeFile(join(overlay, 'htpasswd'), 'anna:$2y$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n');
    const objects = objectsIn(await kubectl.run(['kustomize', overlay]));
    const { auth } = await expectRunnable(objects);
    const secret = objectOf(objects, 'Secret');
    const { volumes, containers } = objectOf(objects, 'StatefulSet').spec?.template.spec ?? {};
    const volume = volumes?.find((each) => each.secret?.secretName === secret.metadata.name);
    const mount = containers?.[0].volumeMounts.find(({ name }) => name === volume?.name);
    expect(auth.htpasswd).toBe(`${mount?.mountPath}/${Object.keys(secret.data ?? {}).join()}`);
  });
});
