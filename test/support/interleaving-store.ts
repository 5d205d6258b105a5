// A store at whose calls a test can do something: what another request, another server or another program does at that very moment.
import type { Key, ObjectStore, StagedObject } from '../../src/storage/object-store.ts';

type Call = keyof ObjectStore | keyof StagedObject;

interface Hook {
  readonly call: Call;
  readonly key: Key | undefined;
  readonly moment: 'before' | 'after';
  readonly action: () => unknown;
}

export interface Interleaving {
  readonly store: ObjectStore;
  /** Awaits `action` right before the next such call, once; of any key unless one is given. */
  rightBefore(call: Call, action: () => unknown, key?: Key): void;
  /** Awaits `action` right after the next such call has come to its end, before the caller learns of it. */
  rightAfter(call: Call, action: () => unknown, key?: Key): void;
  /** Calls of a kind so far. */
  count(call: Call): number;
}

export function interleaving(inner: ObjectStore): Interleaving {
  const hooks: Hook[] = [];
  const counts = new Map<Call, number>();

  const run = async (moment: Hook['moment'], call: Call, key: unknown) => {
    const at = hooks.findIndex(
      (each) => each.moment === moment && each.call === call && (each.key === undefined || each.key === key),
    );
    if (at >= 0) await hooks.splice(at, 1)[0]?.action();
  };

  const hooked = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        // Of a staged object it gives an iterable, at once.
        if (name === 'read' && isStaged(target)) return member.bind(target);
        const call = name as Call;
        return async (...parameters: unknown[]) => {
          counts.set(call, (counts.get(call) ?? 0) + 1);
          await run('before', call, parameters[0]);
          const result: unknown = await member.apply(target, parameters);
          await run('after', call, parameters[0]);
          return isStaged(result) ? hooked(result) : result;
        };
      },
    });

  return {
    store: hooked(inner),
    rightBefore: (call, action, key) => hooks.push({ call, key, moment: 'before', action }),
    rightAfter: (call, action, key) => hooks.push({ call, key, moment: 'after', action }),
    count: (call) => counts.get(call) ?? 0,
  };
}

function isStaged(value: unknown): value is StagedObject {
  return typeof value === 'object' && value !== null && 'setAttributes' in value;
}
