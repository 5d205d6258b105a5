// What happens in the registry while the page is open: one answer that goes on, for all views, as long as one of them listens.
import { useEffect, useRef } from 'preact/hooks';
import { api, Refusal } from './api.ts';
import { eventsIn, type HeardEvent } from './event-text.ts';

type Listener = (event: HeardEvent) => void;

/** The registry ends each answer after some minutes; where it refuses, or is away, nobody is in a hurry. */
const comeAgainMs = 2_000;
const afterRefusalMs = 60_000;
/** What comes together is looked for once. */
const gatherMs = 2_000;

const listeners = new Set<Listener>();
let leaving: AbortController | undefined;

/** Calls `changed` some time after something happened that `concerns` the view. */
export function useLive(concerns: (repository: string | undefined) => boolean, changed: () => void): void {
  const latest = useRef({ concerns, changed });
  latest.current = { concerns, changed };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener: Listener = ({ name, repository }) => {
      if (name !== 'missed' && !latest.current.concerns(repository)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current.changed();
      }, gatherMs);
    };
    listeners.add(listener);
    if (leaving === undefined) {
      leaving = new AbortController();
      void listen(leaving.signal);
    }
    return () => {
      clearTimeout(timer);
      listeners.delete(listener);
      if (listeners.size > 0) return;
      leaving?.abort();
      leaving = undefined;
    };
  }, []);
}

async function listen(signal: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  while (!signal.aborted) {
    await untilSeen();
    let waitMs = comeAgainMs;
    try {
      for await (const event of heard(lastId, AbortSignal.any([signal, hidden()]))) {
        lastId = event.id ?? lastId;
        for (const listener of listeners) listener(event);
      }
    } catch (error) {
      // Not allowed, too many, no such registry: the page works without it.
      if (error instanceof Refusal) waitMs = afterRefusalMs;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** A browser has six connections to a registry, for all of its tabs together: one that nobody looks at takes none. */
function hidden(): AbortSignal {
  const leaving = new AbortController();
  const onChange = () => {
    if (!document.hidden) return;
    document.removeEventListener('visibilitychange', onChange);
    leaving.abort();
  };
  document.addEventListener('visibilitychange', onChange);
  return leaving.signal;
}

function untilSeen(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true });
  });
}

async function* heard(lastId: string | undefined, signal: AbortSignal): AsyncGenerator<HeardEvent> {
  const answer = await api.events(lastId, signal);
  if (answer.body === null) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const { events, rest } = eventsIn(text + value);
    text = rest;
    yield* events;
  }
}
