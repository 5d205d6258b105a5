// Every route, by every kind of user, with every way to show it, in every kind of repository, against a model that is written here
// anew: who is let in, who is asked for credentials, and who is refused.
import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/auth/policy.ts';
import type { Right } from '../../src/auth/principal.ts';
import { routes } from '../../src/http/routes.ts';
import { imageManifest, pushImage } from './support/content.ts';
import { guardedApp, type WrittenRule } from './support/guarded-app.ts';
import { registryApp } from './support/registry-app.ts';
import { routeUrl } from './support/route-url.ts';

const image = imageManifest();
const samples: Readonly<Record<string, string>> = {
  reference: 'v1',
  tag: 'v1',
  digest: image.digest,
  id: '00000000-0000-4000-8000-000000000000',
};

/** What each user holds in repositories `team/...`; `outside` elsewhere, `nobody` in particular nothing. */
const holds: Readonly<Record<string, readonly Right[]>> = {
  puller: ['pull'],
  pusher: ['pull', 'push'],
  creator: ['pull', 'create'],
  blind: ['push'],
  deleter: ['delete'],
  admin: ['admin'],
  watcher: ['metrics'],
  outside: [],
  nobody: [],
};
const rules: readonly WrittenRule[] = [
  ...Object.entries(holds).flatMap(([who, may]) => (may.length === 0 ? [] : [{ repositories: 'team/*', who, may }])),
  { repositories: 'public/*', who: 'anonymous', may: 'pull' },
  { repositories: 'elsewhere/**', who: 'outside', may: ['pull', 'push', 'delete', 'admin'] },
];

/** The model: what somebody may do in a repository. */
function may(user: string, repository: string, action: Action): boolean {
  const sufficient: Partial<Record<Action, readonly Right[]>> = {
    pull: ['pull', 'admin'],
    push: ['push', 'create', 'admin'],
    delete: ['delete', 'admin'],
  };
  const isPublic = repository.startsWith('public/') && action === 'pull';
  const held = repository.startsWith('team/') && !repository.startsWith('team/deep/') ? (holds[user] ?? []) : [];
  return isPublic || held.some((right) => sufficient[action]?.includes(right));
}

type Shown = 'nothing' | 'Basic' | 'Certificate' | 'Bearer' | 'Bearer of little scope' | 'Bearer of another repository';
const ways: readonly Shown[] = [
  'nothing',
  'Basic',
  'Certificate',
  'Bearer',
  'Bearer of little scope',
  'Bearer of another repository',
];

function headerOf(shown: Shown, user: string, action: Action, repository: string): string | undefined {
  if (shown === 'nothing') return undefined;
  if (!shown.startsWith('Bearer')) return `${shown} ${user}`;
  if (shown === 'Bearer of little scope') {
    const less = action === 'pull' ? 'delete' : 'pull';
    return `Bearer ${user} repository:${repository}:${action === 'push' ? 'pull,delete' : less}`;
  }
  const named = shown === 'Bearer' ? repository : `${repository}-too`;
  return `Bearer ${user} registry:catalog:* registry:metrics:* repository:${named}:pull,push,delete`;
}

/** The model: what becomes of a request. */
function expected(shown: Shown, user: string, action: Action, repository: string): 'in' | 401 | 403 {
  if (action === 'login') return 'in';
  if (action === 'ping') return shown === 'nothing' ? 401 : 'in';
  if (action === 'catalog') return shown === 'nothing' || shown === 'Bearer of little scope' ? 401 : 'in';
  if (action === 'metrics') {
    // Of the whole server: nobody's but the watcher's, whose rule is about some repositories, while an admin of some has no part in it.
    if (shown === 'nothing' || shown === 'Bearer of little scope') return 401;
    if (user === 'watcher') return 'in';
    return shown === 'Basic' || shown === 'Certificate' ? 403 : 401;
  }
  if (shown.startsWith('Bearer of')) return 401;
  if (may(shown === 'nothing' ? 'anonymous' : user, repository, action)) return 'in';
  return shown === 'Basic' || shown === 'Certificate' ? 403 : 401;
}

const users = Object.keys(holds);
/** The first of each pair is there, the second is not: nobody can tell who may not look. */
const places: readonly (readonly [string, string])[] = [
  ['team/app', 'team/nix'],
  ['public/os', 'public/no'],
  ['team/deep/app', 'team/deep/nix'],
  ['secret/app', 'secret/nix'],
];

const guarded = routes.flatMap(([method, url, action]): [string, string, Action][] =>
  action === 'probe' ? [] : [[String(method), url, action]],
);

type Send = (method: string, url: string, header?: string) => Promise<LightMyRequestResponse>;

async function filled(): Promise<Send> {
  const { app: open, registry } = registryApp();
  for (const [there] of places) await pushImage(open, there, 'v1', image);
  const { app } = guardedApp(rules, { registry });
  return (method, url, authorization) =>
    app.inject({ method: method as 'GET', url, headers: authorization === undefined ? {} : { authorization } });
}

describe.each(guarded)('%s %s (%s)', (method, pattern, action) => {
  const urlIn = (name: string) => routeUrl(pattern, { ...samples, name });
  const names = pattern.includes(':name') ? places : [places[0] ?? ['', '']];

  it.each(ways)('shown %s, lets in whom the rules let in', async (shown) => {
    const send = await filled();
    for (const user of shown === 'nothing' ? ['anonymous'] : users) {
      for (const [there, absent] of names) {
        const answers = [];
        for (const name of [there, absent]) {
          const answer = await send(method, urlIn(name), headerOf(shown, user, action, name));
          const outcome = [401, 403].includes(answer.statusCode) ? answer.statusCode : 'in';
          expect([user, name, outcome]).toEqual([user, name, expected(shown, user, action, name)]);
          if (outcome !== 'in') answers.push([answer.headers['www-authenticate'], answer.body]);
        }
        const [ofThere, ofAbsent] = answers.map((each) => JSON.stringify(each));
        expect(ofThere?.replaceAll(there, absent)).toBe(ofAbsent);
      }
    }
  });
});
