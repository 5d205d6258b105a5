// packaging/helm/moorage, rendered by helm.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectDirectory } from '../structure/source-files.ts';
import { packaging } from './image-facts.ts';
import { expectRunnable, objectOf, objectsIn } from './rendered-objects.ts';
import { toolOf } from './tools.ts';

const helm = toolOf('helm', 'test/interop/install-clients.sh helm');
const chart = join(packaging, 'helm/moorage');

async function rendered(...values: readonly string[]) {
  return objectsIn(await helm.run(['template', 'registry', chart, ...values.flatMap((value) => ['--set', value])]));
}

describe.skipIf(helm.isSkipped)(`packaging/helm${helm.missing}`, () => {
  it('passes helm lint', async () => {
    await expect(helm.run(['lint', '--strict', chart])).resolves.toContain('0 chart(s) failed');
  });

  it('runs as it is, restricted, with a claim', async () => {
    const objects = await rendered();
    const settings = await expectRunnable(objects);
    expect(settings.auth.htpasswd).toBeUndefined();
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual(['ConfigMap', 'Service', 'StatefulSet']);
    expect(objectOf(objects, 'StatefulSet').spec?.volumeClaimTemplates).toHaveLength(1);
  });

  it('runs with users, an ingress, a monitor, and a claim that is there', async () => {
    const secret = ['existingSecret=people', 'persistence.existingClaim=mine'];
    const ingress = ['ingress.enabled=true', 'ingress.tlsSecret=cert'];
    // Clients would be told to send passwords by HTTP.
    await expect(rendered(...secret, ...ingress)).rejects.toThrow('needs config.server.trustedProxies');
    const others = ['serviceMonitor.enabled=true', 'config.server.trustedProxies=10.0.0.0/8'];
    const objects = await rendered(...secret, ...ingress, ...others);
    const { auth, server } = await expectRunnable(objects);
    expect([auth.htpasswd, server.trustedProxies]).toEqual(['/etc/moorage-users/htpasswd', ['10.0.0.0/8']]);
    const kinds = ['ConfigMap', 'Ingress', 'Service', 'ServiceMonitor', 'StatefulSet'];
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual(kinds);
    expect(objectOf(objects, 'StatefulSet').spec?.volumeClaimTemplates).toBeUndefined();
  });

  it('hands settings on, but not where it would be of no use: root and address are its own', async () => {
    const objects = await rendered(
      'config.server.readOnly=true',
      'config.server.listen=:7000',
      'config.storage.root=/x',
    );
    expect((await expectRunnable(objects)).server.readOnly).toBe(true);
  });

  it('has further files where they are wanted', async () => {
    const objects = await rendered(
      'extraVolumes[0].name=hooks',
      'extraVolumes[0].secret.secretName=hooks',
      'extraVolumeMounts[0].name=hooks',
      'extraVolumeMounts[0].mountPath=/etc/moorage-hooks',
    );
    const text = JSON.stringify(objectOf(objects, 'StatefulSet'));
    expect(text).toContain('{"mountPath":"/etc/moorage-hooks","name":"hooks"}');
    expect(text).toContain('{"name":"hooks","secret":{"secretName":"hooks"}}');
  });

  it('runs without a claim', async () => {
    const objects = await rendered('persistence.enabled=false');
    await expectRunnable(objects);
    expect(objectOf(objects, 'StatefulSet').spec?.volumeClaimTemplates).toBeUndefined();
  });

  it('refuses values that mean nothing', async () => {
    await expect(rendered('persistance.enabled=false')).rejects.toThrow(/persistance/);
    await expect(rendered('persistence.size=much')).rejects.toThrow(/size/);
  });
});

it('the chart is of the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(projectDirectory, 'package.json'), 'utf8'));
  const { appVersion, version: ofChart } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
  expect({ appVersion, ofChart }).toEqual({ appVersion: version, ofChart: version });
});
