// A list that comes a page at a time.
import { useEffect, useState } from 'preact/hooks';
import { type Loaded, refusedBy } from './loaded.ts';

interface ListPage<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

export interface MoreOf<Row> {
  readonly loaded: Loaded<readonly Row[]>;
  readonly isMore: boolean;
  readonly more: () => void;
  /** From the beginning. */
  readonly again: () => void;
}

interface State<Row> {
  readonly loaded: Loaded<readonly Row[]>;
  readonly isMore: boolean;
}

/** `load` is told the last row that is here. Begins anew when one of `about` changes. */
export function useMore<Row>(
  load: (last: Row | undefined) => Promise<ListPage<Row>>,
  about: readonly unknown[],
): MoreOf<Row> {
  const [{ loaded, isMore }, setState] = useState<State<Row>>({ loaded: { kind: 'waiting' }, isMore: false });
  const [round, setRound] = useState(0);
  const ask = (known: readonly Row[], isOver: () => boolean) => {
    const settle = (next: State<Row>) => {
      if (!isOver()) setState(next);
    };
    load(known.at(-1)).then(
      ({ rows, more }) => settle({ loaded: { kind: 'here', value: [...known, ...rows] }, isMore: more }),
      (error: unknown) => settle({ loaded: refusedBy(error), isMore: false }),
    );
  };
  useEffect(() => {
    let isOver = false;
    ask([], () => isOver);
    return () => {
      isOver = true;
    };
  }, [...about, round]);
  return {
    loaded,
    isMore,
    more: () => {
      if (loaded.kind === 'here') ask(loaded.value, () => false);
    },
    again: () => setRound((last) => last + 1),
  };
}
