// What every set of Kubernetes objects of ours has to be, whatever rendered it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { programOf } from '../../src/cli/program.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import { routes } from '../../src/http/routes.ts';
import { scratchDirectory } from '../e2e/moorage-process.ts';
import { image } from './image-facts.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [
    {
      readonly args: readonly string[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly livenessProbe: Probe;
      readonly readinessProbe: Probe;
      readonly securityContext: Readonly<Record<string, unknown>>;
      readonly resources: { readonly limits: { readonly memory: string } };
      readonly volumeMounts: readonly Mount[];
    },
  ];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

export interface RenderedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template: { readonly spec: PodSpec; readonly metadata: { readonly labels: object } };
    readonly selector: object;
    readonly ports: readonly { readonly targetPort: string; readonly name: string; readonly port: number }[];
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

export function objectsIn(text: string): readonly RenderedObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    expect(document.errors).toEqual([]);
    const object = document.toJS() as RenderedObject | null;
    return object === null ? [] : [object];
  });
}

export function objectOf(objects: readonly RenderedObject[], kind: string): RenderedObject {
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`${others.length + 1} objects of kind ${kind}`);
  return found;
}

/** The settings that a pod of them would be started with. */
export async function expectRunnable(objects: readonly RenderedObject[]): Promise<Settings> {
  const { spec: set } = objectOf(objects, 'StatefulSet');
  const { spec: service } = objectOf(objects, 'Service');
  if (set === undefined || service === undefined) throw new Error('an object has no spec');
  const pod = set.template.spec;
  const [container] = pod.containers;

  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: image.user, fsGroup: image.user });
  expect(pod.securityContext).toMatchObject({ seccompProfile: { type: 'RuntimeDefault' } });
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(set.template.metadata.labels).toMatchObject(service.selector);

  const settings = await settingsOf(objects, pod);
  expect(container.ports).toEqual([{ name: 'http', containerPort: settings.server.listen.port }]);
  expect(settings.server.listen).toEqual({ host: '*', port: image.port });
  expect(service.ports[0]?.targetPort).toBe('http');
  const probed = routes.filter(([method, , action]) => method === 'GET' && action === 'probe').map(([, url]) => url);
  for (const { httpGet } of [container.livenessProbe, container.readinessProbe]) {
    expect(httpGet.port).toBe('http');
    expect(probed).toContain(httpGet.path);
  }
  expect(container.livenessProbe.httpGet.path).not.toBe(container.readinessProbe.httpGet.path);
  expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(settings.server.shutdownTimeout);

  const written = container.volumeMounts.filter(({ readOnly }) => readOnly !== true);
  expect(written.map(({ mountPath }) => mountPath).toSorted()).toEqual(['/tmp', image.volume]);
  expect(settings.storage.root).toBe(image.root);
  const { htpasswd } = settings.auth;
  const isMounted = (file: string) => container.volumeMounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`));
  if (htpasswd !== undefined) expect(isMounted(htpasswd), htpasswd).toBe(true);

  const volumes = new Set(
    [...pod.volumes, ...(set.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)].map(({ name }) => name),
  );
  expect(container.volumeMounts.filter(({ name }) => !volumes.has(name))).toEqual([]);
  return settings;
}

/** Of the file that the arguments of the container name, as `moorage config check` reads it. */
async function settingsOf(objects: readonly RenderedObject[], pod: PodSpec): Promise<Settings> {
  const [container] = pod.containers;
  const [command, ...args] = container.args;
  const parser = programOf({}, () => {}).commands.find((each) => each.name() === command);
  expect(parser?.parseOptions(args)).toEqual({ operands: [], unknown: [] });
  const file: string = parser?.opts().config;
  const mount = container.volumeMounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`));
  const volume = pod.volumes.find(({ name }) => name === mount?.name);
  const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume?.configMap?.name);
  const text = map?.data?.[file.slice((mount?.mountPath.length ?? 0) + 1)];
  if (text === undefined) throw new Error(`${file} is in no ConfigMap`);
  const path = join(await scratchDirectory(), 'config.yaml');
  await writeFile(path, text);
  return loadSettings({ flags: [], environment: {}, file: path });
}
