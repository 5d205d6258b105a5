// What is searched for while it is typed, after a short rest.
import { useEffect, useRef, useState } from 'preact/hooks';

interface SearchProps {
  readonly label: string;
  readonly text: string;
  readonly onSearch: (text: string) => void;
}

const restMs = 300;

export function SearchField({ label, text, onSearch }: SearchProps) {
  const [typed, setTyped] = useState(text);
  const last = useRef(text);
  useEffect(() => {
    // The way back through what was searched for.
    if (text !== last.current) setTyped(text);
    last.current = text;
  }, [text]);
  useEffect(() => {
    if (typed === last.current) return undefined;
    const timer = setTimeout(() => {
      last.current = typed;
      onSearch(typed);
    }, restMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSearch(typed);
  };
  return (
    <search>
      <form class="search" onSubmit={submit}>
        <label>
          <span class="hidden">{label}</span>
          <input
            type="search"
            placeholder={label}
            value={typed}
            onInput={(event) => setTyped((event.target as HTMLInputElement).value)}
          />
        </label>
      </form>
    </search>
  );
}
