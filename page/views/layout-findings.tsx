// Where a repository lies, and what is odd about its directory, each with what to do.
import { api, type Findings } from '../api.ts';
import { useLoaded } from '../loaded.ts';
import { Facts, WhenHere } from '../parts.tsx';

type Group = Findings['findings'][number];

/** For so many, one names a tag as an example. */
const mostNamed = 5;

export function LayoutFindings({ name }: { readonly name: string }) {
  const { loaded, again } = useLoaded(() => api.findings(name), [name]);
  return (
    <>
      <h2>Directory</h2>
      <WhenHere loaded={loaded} again={again}>
        {(findings) => <Found findings={findings} />}
      </WhenHere>
    </>
  );
}

function Found({ findings: { where, findings, isWhole, withheld } }: { readonly findings: Findings }) {
  if (withheld !== undefined) return <p class="type">Nothing is told of it: {withheld}.</p>;
  return (
    <>
      {where !== undefined && <Facts facts={[['Lies in', <code class="whole">{where}</code>]]} />}
      {findings.length === 0 && isWhole && <p>Nothing is odd about it.</p>}
      {!isWhole && <p class="problem">There is too much to look at all of it here; moorage inspect does.</p>}
      {findings.map((group) => (
        <FoundGroup key={group.code} group={group} />
      ))}
    </>
  );
}

function FoundGroup({ group: { code, severity, why, remedy, about, omitted } }: { readonly group: Group }) {
  const left = Math.max(0, about.length - mostNamed) + omitted;
  return (
    <details open={severity === 'error'}>
      <summary>
        <span class={severity === 'error' ? 'problem' : undefined}>{severity}</span>: {code} (
        {(about.length + omitted).toLocaleString('en')})
      </summary>
      <p>{why}.</p>
      <p>What to do: {remedy}.</p>
      <ul class="tree">
        {about.slice(0, mostNamed).map(({ name, digest, path, detail }, index) => (
          <li key={index}>
            {[name, path ?? digest].filter((each) => each !== undefined).join(' ')}
            {detail !== undefined && <small> {detail}</small>}
          </li>
        ))}
        {left > 0 && <li>and {left.toLocaleString('en')} more</li>}
      </ul>
    </details>
  );
}
