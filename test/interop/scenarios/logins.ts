// Users: each client logs in, is refused, and pulls without a name what everybody may have. The registry is one of the scenario's own.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { Missing } from '../checks.ts';
import { type CommandResult, tryCommand } from '../command.ts';
import { expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { projectFile } from '../project-files.ts';
import { OwnServer } from '../server-under-test.ts';

const password = 'a password';

/** Who comes, with a place for what the client keeps of the login. */
interface Visitor {
  readonly name: string;
  readonly directory: string;
}

/** Command lines of one client. */
interface LoginClient {
  readonly name: string;
  readonly login: (host: string, secret: string, visitor: Visitor) => readonly string[];
  /** Pushes what lies in `layout`, or what was pulled before. */
  readonly push: (reference: string, visitor: Visitor, layout: string) => readonly string[];
  readonly pull: (reference: string, visitor: Visitor) => readonly string[];
  /** crane keeps what it is told, and asks the registry nothing. */
  readonly checksLogin: boolean;
}

const crane: LoginClient = {
  name: 'crane',
  checksLogin: false,
  login: (host, secret, { name }) => ['auth', 'login', host, '-u', name, '-p', secret],
  push: (reference, _visitor, layout) => ['push', '--insecure', layout, reference],
  pull: (reference, { directory }) => ['pull', '--insecure', '--format=oci', reference, join(directory, 'pulled')],
};

const oras: LoginClient = {
  name: 'oras',
  checksLogin: true,
  login: (host, secret, { name }) => ['login', '--plain-http', '-u', name, '-p', secret, host],
  push: (reference, _visitor, layout) => ['cp', '--to-plain-http', '--from-oci-layout', `${layout}:v1`, reference],
  pull: (reference, { directory }) => {
    return ['cp', '--from-plain-http', '--to-oci-layout', reference, join(directory, 'pulled:v1')];
  },
};

const skopeo: LoginClient = {
  name: 'skopeo',
  checksLogin: true,
  login: (host, secret, { name }) => ['login', '--tls-verify=false', '-u', name, '-p', secret, host],
  push: (reference, _visitor, layout) => {
    return ['copy', '--dest-tls-verify=false', `oci:${layout}:v1`, `docker://${reference}`];
  },
  pull: (reference, { directory }) => {
    return ['copy', '--src-tls-verify=false', `docker://${reference}`, `oci:${join(directory, 'pulled')}:v1`];
  },
};

const podman: LoginClient = {
  name: 'podman',
  checksLogin: true,
  login: (host, secret, { name }) => [...own, 'login', '--tls-verify=false', '-u', name, '-p', secret, host],
  push: (reference, { directory }) => {
    return [...ownIn(directory), 'push', '--tls-verify=false', pulledBefore(reference), reference];
  },
  pull: (reference, { directory }) => [...ownIn(directory), 'pull', '--tls-verify=false', reference],
};

const own = ['--cgroup-manager=cgroupfs', '--events-backend=none'];
/** The storage of all visitors. podman takes no path of more than 50 characters for what runs. */
const ownIn = (directory: string) => {
  const storage = join(directory, '..');
  return [...own, '--root', join(storage, 'root'), '--runroot', join(storage, 'r'), '--storage-driver', 'vfs'];
};

/** An image that was pulled by everybody is pushed under another name. */
function pulledBefore(reference: string): string {
  return `${reference.slice(0, reference.indexOf('/'))}/public/app:v1`;
}

const regctl: LoginClient = {
  name: 'regctl',
  checksLogin: true,
  login: (host, secret, { name }) => [
    '--host',
    `reg=${host},tls=disabled`,
    'registry',
    'login',
    host,
    '-u',
    name,
    '-p',
    secret,
  ],
  push: (reference, _visitor, layout) => {
    return ['--host', hostOf(reference), 'image', 'copy', `ocidir://${layout}:v1`, reference];
  },
  pull: (reference, { directory }) => {
    return ['--host', hostOf(reference), 'image', 'copy', reference, `ocidir://${join(directory, 'pulled')}:v1`];
  },
};

const hostOf = (reference: string) => `reg=${reference.slice(0, reference.indexOf('/'))},tls=disabled`;

const settings = (users: string) => `auth:
  htpasswd: ${users}
access:
  - { repositories: "public/**", who: anonymous, may: pull }
  - { repositories: "team/**", who: ann, may: [pull, push, delete] }
  - { repositories: "team/**", who: bert, may: pull }
`;

export const logins: Scenario = async (lab) => {
  if (lab.server.root === undefined) return;
  const { layout } = await lab.images.image('logins');
  const directory = join(lab.scratch, 'u');
  for (const name of ['public/app', 'team/app']) {
    await mkdir(join(directory, 'registry', name, '..'), { recursive: true });
    await cp(layout, join(directory, 'registry', name), { recursive: true });
  }
  const users = join(directory, 'users');
  await writeFile(users, ['ann', 'bert'].map((name) => `${name}:${bcrypt.hashSync(password, 4)}\n`).join(''));
  const config = join(directory, 'moorage.yaml');
  await writeFile(config, settings(users));
  const args = ['--root', join(directory, 'registry'), '--config', config];
  const server = await OwnServer.mounting(projectFile('dist/main.js'), args, join(lab.scratch, 'logins.log'));
  try {
    for (const client of [crane, oras, skopeo, regctl, podman]) {
      await lab.checks.check(client.name, 'logs in, is refused, pulls as anonymous', async () => {
        return visits(new Visits(lab, client, server.host, join(directory, client.name)), layout);
      });
    }
    await lab.checks.check('docker', 'logs in, is refused, pulls as anonymous', () => dockerVisits(lab, server.host));
  } finally {
    await server.stop();
  }
};

class Visits {
  readonly #lab: Lab;
  readonly #directory: string;
  readonly client: LoginClient;
  readonly host: string;

  constructor(lab: Lab, client: LoginClient, host: string, directory: string) {
    this.#lab = lab;
    this.client = client;
    this.host = host;
    this.#directory = directory;
  }

  async visitor(name: string): Promise<Visitor> {
    const directory = join(this.#directory, name);
    await mkdir(directory, { recursive: true });
    // podman wants the file to be there.
    await writeFile(join(directory, 'auth.json'), '{}');
    return { name, directory };
  }

  /** What one client keeps of a login is in files of that visitor alone. */
  async run({ directory }: Visitor, args: readonly string[]): Promise<CommandResult> {
    const path = this.#lab.executable(this.client.name);
    if (path === undefined) throw new Missing(`${this.client.name} is not installed`);
    const env = {
      ...this.#lab.env,
      HOME: directory,
      DOCKER_CONFIG: join(directory, 'docker'),
      REGISTRY_AUTH_FILE: join(directory, 'auth.json'),
      REGCTL_CONFIG: join(directory, 'regctl.json'),
    };
    return tryCommand(path, args, { env, cwd: directory });
  }
}

async function visits(at: Visits, layout: string): Promise<string> {
  const { client, host } = at;
  const [ann, bert, nobody] = [await at.visitor('ann'), await at.visitor('bert'), await at.visitor('nobody')];
  const can = async (visitor: Visitor, args: readonly string[], what: string) => {
    const { code, stderr } = await at.run(visitor, args);
    expectThat(code === 0, `${visitor.name} cannot ${what}: ${stderr.trim().slice(-300)}`);
  };
  const cannot = async (visitor: Visitor, args: readonly string[], what: string) => {
    const { code, stdout, stderr } = await at.run(visitor, args);
    expectThat(code !== 0, `${visitor.name} can ${what}`);
    const isRefusal = /denied|unauthori[sz]ed|authentication required|401|403|invalid username/i.test(stdout + stderr);
    expectThat(isRefusal, `${visitor.name} is not told why it cannot ${what}: ${stderr.trim().slice(-300)}`);
  };
  await can(nobody, client.pull(`${host}/public/app:v1`, nobody), 'pull what everybody may');
  await cannot(nobody, client.pull(`${host}/team/app:v1`, nobody), 'pull what users may');
  await cannot(nobody, client.push(`${host}/team/${client.name}:v0`, nobody, layout), 'push');
  if (client.checksLogin) await cannot(ann, client.login(host, 'wrong', ann), 'log in with a wrong password');
  await can(ann, client.login(host, password, ann), 'log in');
  await can(ann, client.push(`${host}/team/${client.name}:v1`, ann, layout), 'push');
  await can(ann, client.pull(`${host}/team/${client.name}:v1`, ann), 'pull');
  await can(bert, client.login(host, password, bert), 'log in');
  await can(bert, client.pull(`${host}/team/${client.name}:v1`, bert), 'pull');
  await cannot(bert, client.push(`${host}/team/${client.name}:v2`, bert, layout), 'push');
  return 'ann, bert and nobody';
}

async function dockerVisits({ engine, scratch }: Lab, host: string): Promise<string> {
  if (engine === undefined) throw new Missing('needs docker');
  const docker = async (who: string, ...args: string[]) => {
    const config = join(scratch, `docker-${who}`);
    await mkdir(config, { recursive: true });
    return tryCommand(engine.command, ['--config', config, ...args], { env: engine.env });
  };
  const succeeds = async (who: string, ...args: string[]) => {
    const { code, stderr } = await docker(who, ...args);
    expectThat(code === 0, `docker ${args[0]} of ${who}: ${stderr.trim().slice(-300)}`);
  };
  const fails = async (who: string, ...args: string[]) => {
    const { code, stderr } = await docker(who, ...args);
    expectThat(
      code !== 0 && /denied|unauthorized|401|authentication/.test(stderr),
      `docker ${args[0]} of ${who}: ${stderr}`,
    );
  };
  const [shared, team] = [`${host}/public/app:v1`, `${host}/team/docker:v1`];
  await succeeds('nobody', 'pull', shared);
  await fails('nobody', 'pull', `${host}/team/app:v1`);
  await succeeds('nobody', 'tag', shared, team);
  await fails('nobody', 'push', team);
  await fails('ann', 'login', host, '-u', 'ann', '-p', 'wrong');
  await succeeds('ann', 'login', host, '-u', 'ann', '-p', password);
  await succeeds('ann', 'push', team);
  await succeeds('bert', 'login', host, '-u', 'bert', '-p', password);
  await succeeds('bert', 'pull', team);
  await fails('bert', 'push', team);
  return 'ann, bert and nobody';
}
