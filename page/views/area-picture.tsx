// What the repositories take on the disk, as areas.
import type { Disk } from '../api.ts';
import { sizeText } from '../format.ts';
import { hrefOf } from '../route.ts';
import { treemap } from '../treemap.ts';

type Used = Disk['mounts'][number]['repositories'][number];

const width = 1000;
const height = 420;
const mostAreas = 150;

/** The table says the same: the keyboard need not go through it twice. */
export function AreaPicture({ repositories }: { readonly repositories: readonly Used[] }) {
  const weighted = repositories.map(({ repository, bytes, alone = bytes, shared = 0 }) => ({
    ...{ repository, alone, shared, weight: bytes },
  }));
  const largest = weighted.sort((one, other) => other.weight - one.weight).slice(0, mostAreas);
  const areas = treemap(largest, width, height);
  if (areas.length === 0) return null;
  return (
    <figure class="treemap" aria-label="Repositories by size, as areas">
      <svg viewBox={`0 0 ${width} ${height}`}>
        <title>Repositories by size</title>
        {areas.map(({ item, x, y, width: across, height: down }) => (
          <a key={item.repository} href={hrefOf({ view: 'repository', name: item.repository })} tabIndex={-1}>
            <title>{`${item.repository}: ${sizeText(item.alone)} alone, ${sizeText(item.shared)} shared`}</title>
            <rect class="shared" x={x} y={y} width={across} height={down} />
            <rect class="alone" x={x} y={y} width={across} height={down * (item.alone / item.weight)} />
            {across > 90 && down > 26 && (
              <text x={x + 6} y={y + 18}>
                {fitted(item.repository, across)}
              </text>
            )}
          </a>
        ))}
      </svg>
    </figure>
  );
}

const characterWidth = 8;

function fitted(text: string, across: number): string {
  const most = Math.floor((across - 12) / characterWidth);
  return text.length <= most ? text : `…${text.slice(-Math.max(1, most - 1))}`;
}
