// All repositories, a page at a time, and a search through their names.
import { api, type Repositories } from '../api.ts';
import { countText, sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Age, MoreButton, Title, Waiting, WhenHere } from '../parts.tsx';
import { hrefOf } from '../route.ts';
import { SearchField } from '../search-field.tsx';
import { type Column, Table } from '../table.tsx';
import { useMore } from '../use-more.ts';
import { useNews } from '../use-news.tsx';

type Row = Repositories['repositories'][number];

const columns: readonly Column[] = [
  { name: 'Repository' },
  { name: 'Tags', isNumber: true },
  { name: 'Alone', isNumber: true },
  { name: 'Shared', isNumber: true },
  { name: 'Changed' },
];

export function RepositoriesView({ text }: { readonly text: string }) {
  const list = useMore<Row>(
    async (last) => {
      const { repositories, more } = await api.repositories({ text, last: last?.name });
      return { rows: repositories, more };
    },
    [text],
  );
  const news = useNews(list, () => true);
  const search = (next: string) => {
    location.replace(hrefOf({ view: 'repositories', text: next }));
  };
  return (
    <>
      <Title>Repositories</Title>
      <SearchField label="Search repositories" text={text} onSearch={search} />
      {news}
      <WhenHere loaded={list.loaded} again={list.again}>
        {(rows) =>
          rows.length === 0 ? (
            <Nothing text={text} />
          ) : (
            <>
              <Table label="Repositories" columns={columns}>
                {rows.map((row) => (
                  <RepositoryRow key={row.name} row={row} />
                ))}
              </Table>
              <MoreButton list={list} />
            </>
          )
        }
      </WhenHere>
    </>
  );
}

function RepositoryRow({ row: { name, tags, changedAt, problem } }: { readonly row: Row }) {
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf({ view: 'repository', name })}>{name}</a>
      </th>
      {problem === undefined ? (
        <>
          <td class="number">{tags?.toLocaleString('en')}</td>
          <DiskCells name={name} />
          <td>
            <Age time={changedAt} />
          </td>
        </>
      ) : (
        <td colSpan={4} class="problem">
          {problem}
        </td>
      )}
    </tr>
  );
}

/** Files are looked at for it, so that the list does not wait for them. */
function DiskCells({ name }: { readonly name: string }) {
  const { loaded } = useLoaded(() => inTurn(() => api.repository(name)), [name]);
  const disk = loaded.kind === 'here' ? loaded.value.disk : undefined;
  const shown = (bytes: number | undefined) => (bytes === undefined ? '' : sizeText(bytes));
  return (
    <>
      <td class="number">{shown(disk?.alone)}</td>
      <td class="number">{shown(disk?.shared)}</td>
    </>
  );
}

const mostAtOnce = 4;
let running = 0;
const waiting: (() => void)[] = [];

/** A browser has six connections to a server: some are left for whoever clicks meanwhile. */
async function inTurn<Value>(ask: () => Promise<Value>): Promise<Value> {
  if (running >= mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await ask();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

function Nothing({ text }: { readonly text: string }) {
  const { loaded } = useLoaded(api.session, []);
  if (text !== '') return <p>No repository is called so.</p>;
  if (loaded.kind === 'waiting') return <Waiting />;
  const host = location.host;
  return (
    <>
      <p>{countText(0, 'repository', 'repositories')}: nothing was pushed yet. The first push makes one:</p>
      <pre>{`docker tag IMAGE ${host}/NAME:TAG\ndocker push ${host}/NAME:TAG`}</pre>
    </>
  );
}
