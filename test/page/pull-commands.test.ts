// Commands to paste.
import { expect, it } from 'vitest';
import { pullCommands } from '../../page/pull-commands.ts';

const digest = `sha256:${'0'.repeat(64)}`;

it('name the image by tag or digest, and plain HTTP where it is needed', () => {
  const plain = pullCommands('team/app', 'v1', { host: 'localhost:5000', isPlainHttp: true });
  expect(plain.map(({ command }) => command)).toEqual([
    'docker pull localhost:5000/team/app:v1',
    'podman pull localhost:5000/team/app:v1 --tls-verify=false',
    'oras pull localhost:5000/team/app:v1 --plain-http',
    'skopeo copy docker://localhost:5000/team/app:v1 oci:image:latest --src-tls-verify=false',
    'crane pull localhost:5000/team/app:v1 image.tar --insecure',
    'ctr images pull localhost:5000/team/app:v1 --plain-http',
  ]);
  const [docker] = pullCommands('team/app', digest, { host: 'r.example', isPlainHttp: false });
  expect(docker?.command).toBe(`docker pull r.example/team/app@${digest}`);
});

it('are helm’s for a chart, whose version has a plus where the tag cannot', () => {
  const type = 'application/vnd.cncf.helm.config.v1+json';
  const [helm] = pullCommands('charts/app', '1.0.0_build', { host: 'r.example', isPlainHttp: false }, type);
  expect(helm?.command).toBe('helm pull oci://r.example/charts/app --version 1.0.0+build');
});
