// One repository: how large it is, its tags, and what may be done with them.
import { useState } from 'preact/hooks';
import { api, type Repository, type Tags } from '../api.ts';
import { countText, sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Age, ConfirmButton, DigestText, Facts, Title, Trail, WhenHere } from '../parts.tsx';
import { hrefOf, imageName } from '../route.ts';
import { SearchField } from '../search-field.tsx';
import { type Column, Table } from '../table.tsx';
import { useMore } from '../use-more.ts';

type Row = Tags['tags'][number];

const columns: readonly Column[] = [
  { name: 'Tag' },
  { name: 'Digest' },
  { name: 'Platforms' },
  { name: 'Size', isNumber: true },
  { name: 'Created' },
  { name: 'Actions', isHidden: true },
];

export function RepositoryView({ name }: { readonly name: string }) {
  const [text, setText] = useState('');
  const { loaded, again } = useLoaded(() => api.repository(name), [name]);
  const tags = useMore<Row>(
    async (last) => {
      const { tags: rows, more } = await api.tags(name, { text, last: last?.tag });
      return { rows, more };
    },
    [name, text],
  );
  const removed = () => {
    tags.again();
    again();
  };
  return (
    <>
      <Trail name={name} />
      <Title>{name}</Title>
      <WhenHere loaded={loaded}>
        {(repository) => (
          <>
            <RepositoryFacts repository={repository} />
            <SearchField label="Search tags" text={text} onSearch={setText} />
            <WhenHere loaded={tags.loaded}>
              {(rows) => <TagTable name={name} rows={rows} mayDelete={repository.may.delete} onRemoved={removed} />}
            </WhenHere>
            {tags.isMore && (
              <button type="button" onClick={tags.more}>
                More
              </button>
            )}
          </>
        )}
      </WhenHere>
    </>
  );
}

function RepositoryFacts({ repository }: { readonly repository: Repository }) {
  const { tags, untagged, changedAt, readOnly, writtenBy, disk } = repository;
  const tools = [...new Set(writtenBy.map(({ tool }) => tool))];
  return (
    <Facts
      facts={[
        ['Tags', tags.toLocaleString('en')],
        ...(untagged === 0 ? [] : [['Without a tag', countText(untagged, 'image')] as const]),
        ['Free once it is gone', sizeText(disk.alone)],
        ['Shared with others', sizeText(disk.shared)],
        ['Blobs', disk.blobs.toLocaleString('en')],
        ['Changed', <Age time={changedAt} />],
        ...(tools.length === 0 ? [] : [['Written by', tools.join(', ')] as const]),
        ...(readOnly === undefined ? [] : [['Read-only', readOnly] as const]),
      ]}
    />
  );
}

interface TagTableProps {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly mayDelete: boolean;
  readonly onRemoved: () => void;
}

function TagTable({ name, rows, mayDelete, onRemoved }: TagTableProps) {
  if (rows.length === 0) return <p>No tag.</p>;
  return (
    <Table label="Tags" columns={columns}>
      {rows.map(({ tag, image }) => (
        <tr key={tag}>
          <th scope="row">
            <a href={hrefOf({ view: 'image', name, reference: tag })}>{tag}</a>
          </th>
          <td>{image === undefined ? 'not here' : <DigestText digest={image.digest} />}</td>
          <td>{image?.platforms.join(', ') || image?.artifactType || image?.type}</td>
          <td class="number">{image && sizeText(image.contentSize)}</td>
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
