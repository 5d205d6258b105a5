// One repository: how large it is, its tags, and what may be done with them.
import { useState } from 'preact/hooks';
import { api, type Repository, type Tags } from '../api.ts';
import { countText, sizeText } from '../format.ts';
import { type Loaded, useLoaded } from '../loaded.ts';
import { Age, ConfirmButton, DigestText, Facts, MoreButton, Title, Trail, WhenHere } from '../parts.tsx';
import { hrefOf, imageName } from '../route.ts';
import { SearchField } from '../search-field.tsx';
import { type Column, Table } from '../table.tsx';
import { useMore } from '../use-more.ts';
import { useNews } from '../use-news.tsx';
import { LayoutFindings } from './layout-findings.tsx';

type Row = Tags['tags'][number];

const columns: readonly Column[] = [
  { name: 'Chosen', isHidden: true },
  { name: 'Tag' },
  { name: 'Digest' },
  { name: 'Platforms' },
  { name: 'Size', isNumber: true },
  { name: 'Created' },
  { name: 'Actions', isHidden: true },
];

interface RepositoryViewProps {
  readonly name: string;
  /** Of the tags that are searched for. */
  readonly text: string;
}

export function RepositoryView({ name, text }: RepositoryViewProps) {
  const { loaded, again } = useLoaded(() => api.repository(name), [name]);
  const tags = useMore<Row>(
    async (last) => {
      const { tags: rows, more } = await api.tags(name, { text, last: last?.tag, n: 200 });
      return { rows, more };
    },
    [name, text],
  );
  const removed = () => {
    tags.again();
    again();
  };
  const news = useNews({ ...tags, again: removed }, (repository) => repository === name);
  return (
    <>
      <Trail name={name} />
      <Title>{name}</Title>
      <WhenHere loaded={loaded} again={again}>
        {(repository) => (
          <>
            <RepositoryFacts repository={repository} />
            <SearchField
              label="Search tags"
              text={text}
              onSearch={(next) => location.replace(hrefOf({ view: 'repository', name, text: next }))}
            />
            {news}
            <WhenHere loaded={tags.loaded} again={tags.again}>
              {(rows) => <TagTable name={name} rows={rows} mayDelete={repository.may.delete} onRemoved={removed} />}
            </WhenHere>
            <MoreButton list={tags} />
          </>
        )}
      </WhenHere>
      {hasFindings(loaded) && <LayoutFindings name={name} />}
    </>
  );
}

/** What cannot be read has them as well. */
function hasFindings(loaded: Loaded<Repository>): boolean {
  return loaded.kind === 'here' || (loaded.kind === 'refused' && loaded.status === 503);
}

function diskFacts(disk: Repository['disk']): readonly (readonly [string, string])[] {
  if (disk === undefined) return [];
  const { bytes, alone, shared, blobs } = disk;
  const parts: readonly (readonly [string, number | undefined])[] =
    alone === undefined
      ? [['On the disk', bytes]]
      : [
          ['Free once it is gone', alone],
          ['Shared with others', shared],
        ];
  const sizes = parts.map(([name, size]) => [name, sizeText(size ?? 0)] as const);
  return [...sizes, ['Blobs', blobs.toLocaleString('en')]];
}

function RepositoryFacts({ repository }: { readonly repository: Repository }) {
  const { tags, untagged, changedAt, readOnly, writtenBy = [], disk } = repository;
  const tools = [...new Set(writtenBy.map(({ tool }) => tool))];
  return (
    <Facts
      facts={[
        ['Tags', tags.toLocaleString('en')],
        ...(untagged === 0 ? [] : [['Without a tag', countText(untagged, 'image')] as const]),
        ...diskFacts(disk),
        ...(changedAt === undefined ? [] : [['Changed', <Age time={changedAt} />] as const]),
        ...(tools.length === 0 ? [] : [['Written by', tools.join(', ')] as const]),
        ...(readOnly === undefined ? [] : [['Read-only', readOnly] as const]),
      ]}
    />
  );
}

/** Of an image for more platforms than were looked at. */
function sizeOf({ contentSize, omitted }: NonNullable<Row['image']>): string {
  return `${omitted > 0 ? 'over ' : ''}${sizeText(contentSize)}`;
}

interface TagTableProps {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly mayDelete: boolean;
  readonly onRemoved: () => void;
}

function TagTable({ name, rows, mayDelete, onRemoved }: TagTableProps) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (rows.length === 0) return <p>No tag.</p>;
  const choose = (tag: string) => {
    setChosen(chosen.includes(tag) ? chosen.filter((each) => each !== tag) : [...chosen.slice(-1), tag]);
  };
  return (
    <>
      {rows.length > 1 && <CompareChosen name={name} chosen={chosen} />}
      <Table label="Tags" columns={columns}>
        {rows.map(({ tag, image }) => (
          <tr key={tag}>
            <td>
              <input
                type="checkbox"
                aria-label={`Choose ${tag} to compare`}
                checked={chosen.includes(tag)}
                onChange={() => choose(tag)}
              />
            </td>
            <th scope="row">
              <a href={hrefOf({ view: 'image', name, reference: tag })}>{tag}</a>
            </th>
            <td>{image === undefined ? 'not here' : <DigestText digest={image.digest} />}</td>
            <td>{image?.platforms.join(', ') || image?.artifactType || image?.type}</td>
            <td class="number">{image && sizeOf(image)}</td>
            <td>
              <Age time={image?.created} />
            </td>
            <td class="actions">
              <a href={hrefOf({ view: 'history', name, tag })} aria-label={`History of ${tag}`}>
                History
              </a>
              {mayDelete && <RemoveTag name={name} tag={tag} onRemoved={onRemoved} />}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

/** What was chosen first is what the other one is compared with. */
function CompareChosen({ name, chosen: [from, to] }: { readonly name: string; readonly chosen: readonly string[] }) {
  return (
    <p role="status">
      {from !== undefined && to !== undefined ? (
        <a href={hrefOf({ view: 'compare', name, from, to })}>
          Compare {from} with {to}
        </a>
      ) : (
        <span class="type">
          {from === undefined ? 'Choose two tags to compare them.' : `Choose another tag to compare with ${from}.`}
        </span>
      )}
    </p>
  );
}

function RemoveTag({ name, tag, onRemoved }: { name: string; tag: string; onRemoved: () => void }) {
  const act = async () => {
    await api.remove(name, tag);
    onRemoved();
  };
  return (
    <ConfirmButton label="Delete" title={`Delete ${imageName(name, tag)}`} act={act}>
      The tag goes, and what it names stays for a while: its history can bring it back.
    </ConfirmButton>
  );
}
