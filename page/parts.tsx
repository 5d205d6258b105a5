// Small things that several views have.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ageText, countText, shortDigest } from './format.ts';
import { type Loaded, refusedBy } from './loaded.ts';
import { hrefOf } from './route.ts';
import type { MoreOf } from './use-more.ts';

export function Waiting() {
  return (
    <p class="waiting" role="status">
      Loading …
    </p>
  );
}

interface WhenHereProps<Value> {
  readonly loaded: Loaded<Value>;
  /** Asks once more. */
  readonly again?: () => void;
  readonly children: (value: Value) => ComponentChildren;
}

export function WhenHere<Value>({ loaded, again, children }: WhenHereProps<Value>) {
  if (loaded.kind === 'waiting') return <Waiting />;
  if (loaded.kind === 'refused') return <Refused message={loaded.message} again={again} />;
  return <>{children(loaded.value)}</>;
}

interface RefusedProps {
  readonly message: string;
  readonly again: (() => void) | undefined;
}

function Refused({ message, again }: RefusedProps) {
  return (
    <>
      <p role="alert">{message}</p>
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </>
  );
}

/** The way to the next page of a list, and what kept it from coming. */
export function MoreButton({
  list,
}: {
  readonly list: Pick<MoreOf<unknown>, 'isMore' | 'isAsking' | 'problem' | 'more'>;
}) {
  if (!list.isMore) return null;
  return (
    <>
      {list.problem !== undefined && <p role="alert">{list.problem}</p>}
      <button type="button" disabled={list.isAsking} onClick={list.more}>
        {list.problem === undefined ? 'More' : 'Try again'}
      </button>
    </>
  );
}

export function Title({ children }: { readonly children: ComponentChildren }) {
  return <h1 tabIndex={-1}>{children}</h1>;
}

/** `a / b : tag`, each part that can be looked at as a link. */
export function Trail({ name, children }: { readonly name: string; readonly children?: ComponentChildren }) {
  return (
    <nav aria-label="Trail" class="trail">
      <a href="#/">Repositories</a> <span aria-hidden="true">›</span>{' '}
      <a href={hrefOf({ view: 'repository', name })}>{name}</a>
      {children !== undefined && (
        <>
          {' '}
          <span aria-hidden="true">›</span> {children}
        </>
      )}
    </nav>
  );
}

export function Age({ time }: { readonly time: string | undefined }) {
  const text = ageText(time);
  return text === '' ? null : (
    <time dateTime={time} title={time}>
      {text}
    </time>
  );
}

interface DigestProps {
  readonly digest: string;
  /** Of the repository that it is a manifest of; without one it is no link. */
  readonly name?: string;
}

export function DigestText({ digest, name }: DigestProps) {
  const short = <code title={digest}>{shortDigest(digest)}</code>;
  return name === undefined ? short : <a href={hrefOf({ view: 'image', name, reference: digest })}>{short}</a>;
}

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [isCopied, setIsCopied] = useState(false);
  const copy = async () => {
    // A browser may refuse it.
    await navigator.clipboard.writeText(text).then(
      () => setIsCopied(true),
      () => setIsCopied(false),
    );
    setTimeout(() => setIsCopied(false), 2000);
  };
  // Absent on a page that came by plain HTTP from another machine.
  if (navigator.clipboard === undefined) return null;
  return (
    <button type="button" class="small" aria-label={`Copy ${label}`} onClick={copy}>
      {isCopied ? 'Copied' : 'Copy'}
    </button>
  );
}

export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }) {
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const mostWritten = 200;
const longestWritten = 10_000;

/** What strangers wrote, of which there may be megabytes. */
export function WrittenFacts({ written }: { readonly written: Readonly<Record<string, string>> }) {
  const all = Object.entries(written);
  const shown = all.slice(0, mostWritten).map(([name, value]) => [cut(name), cut(value)] as const);
  return (
    <>
      <Facts facts={shown} />
      {all.length > shown.length && <p>{countText(all.length - shown.length, 'more is', 'more are')} not shown.</p>}
    </>
  );
}

function cut(text: string): string {
  const left = text.length - longestWritten;
  return left > 0 ? `${text.slice(0, longestWritten)} … and ${countText(left, 'character')}` : text;
}

interface ConfirmProps {
  readonly label: string;
  readonly title: string;
  readonly children: ComponentChildren;
  readonly act: () => Promise<void>;
}

/** A button whose work is asked about first, in a dialog that the keyboard stays in. */
export function ConfirmButton({ label, title, children, act }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  const closed = () => {
    setIsOpen(false);
    setProblem(undefined);
  };
  const confirm = async () => {
    try {
      await act();
      dialog.current?.close();
    } catch (error) {
      setProblem(refusedBy(error).message);
    }
  };
  return (
    <>
      <button type="button" class="small" aria-label={title} onClick={() => setIsOpen(true)}>
        {label}
      </button>
      {isOpen && (
        <dialog ref={dialog} aria-label={title} onClose={closed}>
          <h2>{title}</h2>
          <div>{children}</div>
          {problem !== undefined && <p role="alert">{problem}</p>}
          <p class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="button" class="main" onClick={confirm}>
              {label}
            </button>
          </p>
        </dialog>
      )}
    </>
  );
}
