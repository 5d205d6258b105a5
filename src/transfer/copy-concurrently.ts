// A few pieces of work at a time; the first failure stops the rest and is what the caller gets.

/** `work` gets a signal that is aborted when `signal` is, or when another piece has failed. All work has ended on return. */
export async function forEachConcurrently<Item>(
  items: Iterable<Item>,
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const others = new AbortController();
  const either = signal === undefined ? others.signal : AbortSignal.any([signal, others.signal]);
  const pending = items[Symbol.iterator]();
  let failure: { readonly reason: unknown } | undefined;
  const worker = async () => {
    for (let next = pending.next(); next.done !== true && failure === undefined; next = pending.next()) {
      try {
        either.throwIfAborted();
        await work(next.value, either);
      } catch (reason) {
        failure ??= { reason };
        others.abort(reason);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure !== undefined) throw failure.reason;
}
