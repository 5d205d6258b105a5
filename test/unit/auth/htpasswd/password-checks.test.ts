// Which password is checked next, and how many may wait.
import { describe, expect, it } from 'vitest';
import type { CredentialsKey } from '../../../../src/auth/htpasswd/known-passwords.ts';
import { PasswordChecks } from '../../../../src/auth/htpasswd/password-checks.ts';
import type { PasswordHash } from '../../../../src/auth/htpasswd/password-hash.ts';
import { RegistryError } from '../../../../src/oci/error-code.ts';
import { TestClock } from '../../../support/test-clock.ts';

function checksInOrder() {
  const order: string[] = [];
  const clock = new TestClock();
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const checks = new PasswordChecks(async (_hash, password) => {
    order.push(password);
    await begun;
    return true;
  }, clock);
  const ask = (network: string, password: string, isKnown = false) =>
    checks.ask({
      credentials: password as CredentialsKey,
      hash: 'hash' as PasswordHash,
      ...{ network, password, isKnown },
    });
  return { order, ask, begin, clock };
}

const isRefused = (error: unknown) => error instanceof RegistryError && error.code === 'TOOMANYREQUESTS';

describe('password checks', () => {
  it('take turns by address, and come first for whoever was right before', async () => {
    const { order, ask, begin } = checksInOrder();
    const asked = [
      ...['a1', 'a2', 'a3', 'a4'].map((password) => ask('a', password)),
      ...['b1', 'b2'].map((password) => ask('b', password)),
      ask('c', 'c1'),
      ask('d', 'known', true),
    ];
    begin();
    await Promise.all(asked);
    expect(order).toEqual(['a1', 'known', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('are made once for what several addresses show, at the first turn of any', async () => {
    const { order, ask, begin } = checksInOrder();
    const asked = [ask('a', 'first'), ask('a', 'a1'), ask('a', 'same'), ask('b', 'same'), ask('b', 'b1')];
    begin();
    await Promise.all(asked);
    expect(order).toEqual(['first', 'a1', 'same', 'b1']);
  });

  it('wait in bounded numbers: for one address, and fewer for each where many wait', async () => {
    const { ask, begin } = checksInOrder();
    const asked = [ask('busy', 'under way')];
    for (let at = 0; at < 256; at += 1) asked.push(ask('a', `a${at}`));
    expect(() => ask('a', 'one more')).toThrow(expect.toSatisfy(isRefused));
    for (let at = 0; at < 100; at += 1) asked.push(ask(`network ${at}`, `password ${at}`));
    // A hundred addresses: forty each, which the newcomer has and the first one more than used up.
    for (let at = 0; at < 40; at += 1) asked.push(ask('newcomer', `newcomer ${at}`));
    expect(() => ask('newcomer', 'one more')).toThrow(expect.toSatisfy(isRefused));
    begin();
    await Promise.all(asked);
  });

  it('are not made any more when nobody can be waiting for them', async () => {
    const { order, ask, begin, clock } = checksInOrder();
    const [first, late] = [ask('a', 'first'), ask('a', 'late')];
    clock.advance(31_000);
    begin();
    expect(await first).toBe(true);
    await expect(late).rejects.toSatisfy(isRefused);
    expect(order).toEqual(['first']);
    expect(await ask('a', 'late')).toBe(true);
  });
});
