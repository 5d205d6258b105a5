// What a view asks the registry for, while it is waited for, when it is here, and when it is refused.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Refusal } from './api.ts';

export type Loaded<Value> =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'here'; readonly value: Value }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

/** Asks anew when one of `about` changes, and when `again` is called; an answer that comes too late is forgotten. */
export function useLoaded<Value>(
  load: () => Promise<Value>,
  about: readonly unknown[],
): { readonly loaded: Loaded<Value>; readonly again: () => void } {
  const [loaded, setLoaded] = useState<Loaded<Value>>({ kind: 'waiting' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isOver = false;
    const settle = (next: Loaded<Value>) => {
      if (!isOver) setLoaded(next);
    };
    // What was here stays until the next is: nothing flickers.
    if (round === 0) setLoaded({ kind: 'waiting' });
    load().then(
      (value) => settle({ kind: 'here', value }),
      (error: unknown) => settle(refusedBy(error)),
    );
    return () => {
      isOver = true;
    };
  }, [...about, round]);
  return { loaded, again: useCallback(() => setRound((last) => last + 1), []) };
}

export function refusedBy(error: unknown): Extract<Loaded<never>, { kind: 'refused' }> {
  const status = error instanceof Refusal ? error.status : 0;
  const message = error instanceof Refusal ? error.message : 'the registry does not answer';
  return { kind: 'refused', status, message };
}
