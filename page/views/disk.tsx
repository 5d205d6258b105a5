// What the disk is used for, and what it saves that repositories share their layers.
import { api, type Disk } from '../api.ts';
import { countText, sizeText } from '../format.ts';
import { useLoaded } from '../loaded.ts';
import { Age, Facts, Title, WhenHere } from '../parts.tsx';
import { hrefOf } from '../route.ts';
import { type Column, Table } from '../table.tsx';
import { AreaPicture } from './area-picture.tsx';

type Mount = Disk['mounts'][number];
type Used = Mount['repositories'][number];

const mostRows = 500;

const columns: readonly Column[] = [
  { name: 'Repository' },
  { name: 'Alone', isNumber: true },
  { name: 'Shared', isNumber: true },
  { name: 'Blobs', isNumber: true },
];

export function DiskView() {
  const { loaded, again } = useLoaded(api.disk, []);
  return (
    <>
      <Title>Disk</Title>
      <WhenHere loaded={loaded} again={again}>
        {({ at, mounts, unclear }) => (
          <>
            <p>
              Looked at <Age time={at} />.
            </p>
            {mounts.map((mount, index) => (
              <MountUse key={index} mount={mount} />
            ))}
            {unclear.length > 0 && (
              <>
                <h2>Nobody can tell what these need</h2>
                <ul>
                  {unclear.map(({ repository, why }) => (
                    <li key={repository}>
                      {repository}: {why}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </WhenHere>
    </>
  );
}

function MountUse({ mount }: { readonly mount: Mount }) {
  const { repositories, total, poolAlone, unreferenced, uploads, quarantine, room } = mount;
  const asked = repositories.reduce((sum, { bytes }) => sum + bytes, 0);
  const known: readonly (readonly [string, number | undefined])[] = [
    ['All repositories', total],
    ['Saved by sharing', total === undefined ? undefined : asked - total],
    ['Only in the pool', poolAlone],
    ['Nothing leads to', unreferenced],
    ['Unfinished uploads', uploads],
    ['Quarantine', quarantine],
    ['Free on the disk', room?.free],
  ];
  return (
    <section aria-label="Use of the disk">
      <Facts
        facts={known.flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, sizeText(bytes)] as const]))}
      />
      <AreaPicture repositories={repositories} />
      <UseTable repositories={repositories} />
    </section>
  );
}

function UseTable({ repositories }: { readonly repositories: readonly Used[] }) {
  const sorted = [...repositories].sort((one, other) => other.bytes - one.bytes);
  return (
    <>
      <Table label="Repositories by size" columns={columns}>
        {sorted.slice(0, mostRows).map(({ repository, bytes, alone = bytes, shared, blobs }) => (
          <tr key={repository}>
            <th scope="row">
              <a href={hrefOf({ view: 'repository', name: repository })}>{repository}</a>
            </th>
            <td class="number">{sizeText(alone)}</td>
            <td class="number">{shared === undefined ? '' : sizeText(shared)}</td>
            <td class="number">{blobs.toLocaleString('en')}</td>
          </tr>
        ))}
      </Table>
      {sorted.length > mostRows && <p>{countText(sorted.length - mostRows, 'smaller one')} left out.</p>}
    </>
  );
}
