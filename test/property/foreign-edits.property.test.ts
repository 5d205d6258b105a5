// Our pushes and deletes beside one other program that writes back copies it read some versions ago: after each judgement and heal
// everything acknowledged is there, everything of theirs is there, and nothing deleted came back.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healPolicy } from '../../src/layout/healing/heal-policy.ts';
import { isNamed, nameOfKey } from '../../src/layout/index/entry-key.ts';
import { digestNamed, type ForeignEdit, tools } from '../support/foreign-tools.ts';
import { SharedLayout } from '../support/shared-layout.ts';

const tags = ['a', 'b', 'c', 'd'] as const;
const tag = fc.constantFrom(...tags);
/** Up to an hour's worth of waiting in a run, most of it short. */
const waitMs = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 100_000 }));

interface Command {
  readonly kind: 'push' | 'retag' | 'deleteTag' | 'deleteManifest' | 'adds' | 'deletes';
  readonly tag: string | undefined;
  /** Chooses among what there is. */
  readonly pick: number;
  /** How many versions old the copy of the other program is. */
  readonly ago: number;
  readonly waitMs: number;
}

function commandOf(...kinds: readonly Command['kind'][]): fc.Arbitrary<Command> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    tag: fc.option(tag, { freq: 4, nil: undefined }),
    pick: fc.nat(),
    ago: fc.nat({ max: 8 }),
    waitMs,
  });
}

const ours = ['push', 'push', 'push', 'push', 'retag', 'deleteTag', 'deleteManifest'] as const;

/** Tools that bring a manifest; those that move a tag come last. */
const adding: readonly ((content: string, tag: string) => ForeignEdit)[] = [
  (content) => tools.orasAttach(content),
  (content) => tools.craneAppend(content, undefined),
  tools.skopeoCopy,
  tools.orasPush,
  tools.regctlPut,
  tools.umociTag,
];

/** What anybody who pushed may expect to find. */
class Expected {
  readonly contents = new Set<string>();
  readonly tags = new Map<string, string>();
  readonly deleted = new Set<string>();

  push(content: string, name: string | undefined): void {
    this.contents.add(content);
    if (name !== undefined) this.tags.set(name, content);
  }

  delete(content: string): void {
    this.contents.delete(content);
    this.deleted.add(content);
    for (const [name, held] of this.tags) if (held === content) this.tags.delete(name);
  }

  /** What another program deleted, under these names, is gone, unless nobody can tell that from a stale rewrite. */
  mayLose(layout: SharedLayout, content: string | undefined, names: readonly string[]): void {
    if (content === undefined) return;
    for (const name of names) {
      if (this.tags.get(name) === content && !layout.has(content, name)) this.tags.delete(name);
    }
    if (!layout.has(content)) this.contents.delete(content);
  }
}

/** Tools that take something away, or nothing: told from a stale rewrite only if they are quick. */
const deleting: readonly ((content: string, tag: string) => ForeignEdit)[] = [
  () => tools.rewrite('rename'),
  (_, name) => tools.skopeoDelete(name),
  (_, name) => tools.regctlTagDelete(name),
  (content) => tools.orasDelete(content),
];

/** Plays the commands; `check` runs after each foreign write and its heal. */
function run(commands: readonly Command[], check: (layout: SharedLayout, expected: Expected) => void): void {
  const layout = new SharedLayout();
  const expected = new Expected();
  let seen = 0;
  for (const [at, { kind, tag: name, pick, ago, waitMs: ms }] of commands.entries()) {
    layout.wait(ms);
    const fresh = `M${at}`;
    const held = [...expected.contents];
    const known = held[pick % held.length];
    // One foreign writer: it has seen what it wrote itself.
    const unseen = layout.states.length - 1 - seen;
    if (kind === 'push') {
      layout.push(fresh, name);
      expected.push(fresh, name);
    } else if (kind === 'retag' && known !== undefined && name !== undefined) {
      layout.push(known, name);
      expected.push(known, name);
    } else if (kind === 'deleteTag' && expected.tags.delete(name ?? '')) {
      layout.deleteTag(name ?? '');
    } else if (kind === 'deleteManifest' && known !== undefined) {
      layout.deleteManifest(known);
      expected.delete(known);
    } else if (kind === 'adds') {
      const edit = adding[pick % adding.length]?.(fresh, name ?? 'a') ?? tools.orasAttach(fresh);
      layout.foreign(edit, layout.readAgo(Math.min(ago, unseen)));
      expected.push(fresh, edit.name.endsWith(`:${name ?? 'a'}`) ? (name ?? 'a') : undefined);
    } else if (kind === 'deletes' && known !== undefined) {
      const edit = deleting[pick % deleting.length]?.(known, name ?? 'a') ?? tools.rewrite();
      const target = expected.tags.get(name ?? 'a');
      layout.foreign(edit, layout.readAgo(Math.min(ago, unseen, layout.versionsWithin(healPolicy.graceMs.rename))));
      if (edit.name.includes('manifest delete')) expected.mayLose(layout, known, tags);
      else if (edit.name.includes('delete')) expected.mayLose(layout, target, [name ?? 'a']);
    }
    if (kind !== 'adds' && kind !== 'deletes') continue;
    check(layout, expected);
    seen = layout.states.length - 1;
  }
}

function expectHeld(layout: SharedLayout, expected: Expected): void {
  expect([...expected.contents].filter((content) => !layout.has(content))).toEqual([]);
  for (const name of tags) {
    const content = expected.tags.get(name);
    expect([name, layout.tag(name)]).toEqual([name, content === undefined ? undefined : digestNamed(content)]);
  }
  expect([...expected.deleted].filter((content) => layout.has(content))).toEqual([]);
}

const withAdditions = fc.array(commandOf(...ours, 'adds', 'adds', 'adds'), { maxLength: 30 });
const withDeletes = fc.array(commandOf(...ours, 'deletes', 'deletes'), { maxLength: 30 });

describe('a program that writes back an old copy with something added', () => {
  it('loses nothing of ours and nothing of its own, and brings nothing deleted back, however old the copy', () => {
    fc.assert(
      fc.property(withAdditions, (commands) => run(commands, expectHeld)),
      { numRuns: 500 },
    );
  });

  it('leaves each tag once', () => {
    fc.assert(
      fc.property(withAdditions, (commands) =>
        run(commands, ({ file }) => {
          const names = file.filter((each) => isNamed(each.key)).map((each) => nameOfKey(each.key));
          expect(new Set(names).size).toBe(names.length);
        }),
      ),
      { numRuns: 200 },
    );
  });

  it('is judged once: the healed file, seen again, changes nothing', () => {
    fc.assert(
      fc.property(withAdditions, (commands) =>
        run(commands, (layout) => {
          const { want, heal } = layout.wait(healPolicy.graceMs['in-place'] + 1).judgeOnly(layout.file, 'in-place');
          expect({ want, heal }).toEqual({ want: { added: [], removed: [] }, heal: { added: [], removed: [] } });
        }),
      ),
      { numRuns: 200 },
    );
  });
});

describe('a quick program that writes back an old copy, as it is or with something deleted', () => {
  it('takes away nothing but what it deleted, and brings nothing deleted back', () => {
    fc.assert(
      fc.property(withDeletes, (commands) => run(commands, expectHeld)),
      { numRuns: 500 },
    );
  });
});
