// A list that comes a page at a time.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Loaded, refusedBy } from './loaded.ts';

interface ListPage<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

export interface MoreOf<Row> {
  readonly loaded: Loaded<readonly Row[]>;
  readonly isMore: boolean;
  /** The next page is on its way. */
  readonly isAsking: boolean;
  /** Why the next page did not come; what is here stays. */
  readonly problem: string | undefined;
  readonly more: () => void;
  /** From the beginning. */
  readonly again: () => void;
}

type State<Row> = Pick<MoreOf<Row>, 'loaded' | 'isMore' | 'isAsking' | 'problem'>;

const nothingYet = { loaded: { kind: 'waiting' }, isMore: false, isAsking: false, problem: undefined } as const;

/** `load` is told the last row that is here. Begins anew when one of `about` changes: what was asked before is forgotten. */
export function useMore<Row>(
  load: (last: Row | undefined) => Promise<ListPage<Row>>,
  about: readonly unknown[],
): MoreOf<Row> {
  const [state, setState] = useState<State<Row>>(nothingYet);
  const [round, setRound] = useState(0);
  const asked = useRef(0);
  const ask = (known: readonly Row[]) => {
    asked.current += 1;
    const mine = asked.current;
    const settle = (next: State<Row>) => {
      if (mine === asked.current) setState(next);
    };
    load(known.at(-1)).then(
      ({ rows, more }) => {
        settle({ ...nothingYet, loaded: { kind: 'here', value: [...known, ...rows] }, isMore: more });
      },
      (error: unknown) => {
        const refused = refusedBy(error);
        if (known.length === 0) settle({ ...nothingYet, loaded: refused });
        else settle({ ...nothingYet, loaded: { kind: 'here', value: known }, isMore: true, problem: refused.message });
      },
    );
  };
  useEffect(() => {
    ask([]);
    return () => {
      asked.current += 1;
    };
  }, [...about, round]);
  return {
    ...state,
    more: () => {
      if (state.loaded.kind !== 'here' || state.isAsking) return;
      setState({ ...state, isAsking: true, problem: undefined });
      ask(state.loaded.value);
    },
    again: () => setRound((last) => last + 1),
  };
}
