// What another configuration changes, and what of it a running server goes by.
import { describe, expect, it } from 'vitest';
import { isReloadable, reloadable, reloadableRights } from '../../../src/config/reloadable.ts';
import { changesBetween, planReload } from '../../../src/config/setting-changes.ts';
import { settingAt } from '../../../src/config/settings.ts';

const written = (values: Readonly<Record<string, unknown>>) =>
  Object.entries(values).map(([path, value]) => ({ path, value, origin: 'm.yaml:1:1' }));

describe('changes', () => {
  it('are none between configurations that say the same, one of them by default', () => {
    expect(changesBetween(written({ 'deletes.enabled': true }), [])).toEqual([]);
    expect(changesBetween(written({ 'log.level': 'warn' }), written({ 'log.level': 'warn' }))).toEqual([]);
  });

  it('say from what to what, with defaults and what is not set', () => {
    const before = written({ 'log.level': 'warn', 'server.warning': 'old' });
    expect(changesBetween(before, written({ 'deletes.enabled': false }))).toEqual([
      { path: 'server.warning', from: 'old', to: 'unset' },
      { path: 'deletes.enabled', from: 'true', to: 'false' },
      { path: 'log.level', from: 'warn', to: 'info' },
    ]);
  });

  it('are of what the last source says', () => {
    const before = [...written({ 'log.level': 'debug' }), ...written({ 'log.level': 'warn' })];
    expect(changesBetween(before, written({ 'log.level': 'warn' }))).toEqual([]);
  });

  it('of long lists show what differs', () => {
    const rules = (last: string) => [...Array.from({ length: 50 }, (_, at) => ({ tags: `t${at}` })), { tags: last }];
    const [change] = changesBetween(written({ retention: rules('old-*') }), written({ retention: rules('new-*') }));
    expect(change?.from).toMatch(/^\.\.\..*old-\*/);
    expect(change?.to).toMatch(/^\.\.\..*new-\*/);
    expect(change?.to.length).toBeLessThan(200);
  });

  it('show no control characters', () => {
    const [change] = changesBetween([], written({ 'storage.root': 'a\u001b[2Jb' }));
    expect(change?.to).toBe('a\\u{1b}[2Jb');
  });
});

describe('a plan', () => {
  it('takes what can be followed, and leaves everything else as it was', () => {
    const before = written({ 'storage.root': 'one', 'log.level': 'info' });
    const after = written({ 'storage.root': 'two', 'log.level': 'debug' });
    const plan = planReload(before, after, isReloadable);
    expect(plan.applied.map(({ path }) => path)).toEqual(['log.level']);
    expect(plan.waiting.map(({ path }) => path)).toEqual(['storage.root']);
    expect(plan.written.map(({ path, value }) => [path, value])).toEqual([
      ['storage.root', 'one'],
      ['log.level', 'debug'],
    ]);
  });

  it('goes back to the default of what is not written any more', () => {
    const plan = planReload(written({ 'log.level': 'debug' }), [], isReloadable);
    expect(plan.written).toEqual([]);
  });
});

describe('settings that can be followed', () => {
  it('are settings', () => {
    for (const path of [...reloadable, ...reloadableRights]) expect(settingAt(path), path).toBeDefined();
    expect(new Set(reloadable).size).toBe(reloadable.length);
    for (const path of reloadableRights) expect(isReloadable(path), path).toBe(true);
  });
});
