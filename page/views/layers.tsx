// The layers of an image to scale, each with the command that made it, and what the config says of the whole.
import type { JSX } from 'preact';
import { api, type Descriptor, type ImageNode } from '../api.ts';
import { countText, sizeText } from '../format.ts';
import { type ImageConfig, parseImageConfig } from '../image-config.ts';
import { useLoaded } from '../loaded.ts';
import { DigestText, Facts, WrittenFacts } from '../parts.tsx';
import { type Column, Table } from '../table.tsx';
import { OpenContent } from './open-content.tsx';

const largestConfig = 4 << 20;
const configTypes = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

interface LayersProps {
  readonly name: string;
  readonly image: ImageNode;
}

const columns: readonly Column[] = [
  { name: 'Color', isHidden: true },
  { name: 'Size', isNumber: true },
  { name: 'Made by' },
  { name: 'Digest' },
  { name: 'Type' },
];

export function Layers({ name, image }: LayersProps) {
  const { config } = image;
  const isImage = config !== undefined && configTypes.has(config.mediaType) && config.size <= largestConfig;
  const { loaded } = useLoaded<ImageConfig | undefined>(
    async () => (isImage ? parseImageConfig(await api.blob(name, config.digest)) : undefined),
    [name, config?.digest],
  );
  const read = loaded.kind === 'here' ? loaded.value : undefined;
  return (
    <>
      {image.layers.length > 0 && <LayerTable name={name} layers={image.layers} config={read} />}
      {read !== undefined && (read.facts.length > 0 || Object.keys(read.labels).length > 0) && (
        <>
          <h2>Config</h2>
          <Facts facts={read.facts.map(([fact, value]) => [fact, <span class="lines">{value}</span>] as const)} />
          <Labels labels={read.labels} />
        </>
      )}
      {loaded.kind === 'refused' && <p class="problem">The config cannot be read: {loaded.message}</p>}
    </>
  );
}

function Labels({ labels }: Pick<ImageConfig, 'labels'>) {
  if (Object.keys(labels).length === 0) return null;
  return (
    <>
      <h3>Labels</h3>
      <WrittenFacts written={labels} />
    </>
  );
}

interface LayerTableProps {
  readonly name: string;
  readonly layers: readonly Descriptor[];
  readonly config: ImageConfig | undefined;
}

/** An image of more runs nowhere; a manifest has room for thirty thousand, and no window for so many rows. */
const mostShown = 500;

function LayerTable({ name, layers: all, config }: LayerTableProps) {
  const layers = all.slice(0, mostShown);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  return (
    <>
      <h2>Layers</h2>
      <LayerBar layers={layers} total={total} />
      <Table label="Layers" columns={columns}>
        {layers.map(({ digest, size, mediaType, annotations }, index) => (
          <tr key={`${index} ${digest}`}>
            <td>
              <span class={`swatch ${colorOf(index)}`} aria-hidden="true" />
            </td>
            <td class="number">{sizeText(size)}</td>
            <td class="command">{config?.ofLayers[index]?.command || titleOf(annotations)}</td>
            <td>
              <DigestText digest={digest} />
            </td>
            <td>
              <span class="type">{mediaType}</span>
              <OpenContent name={name} blob={{ digest, size, mediaType }} />
            </td>
          </tr>
        ))}
      </Table>
      {all.length > layers.length && <p>{countText(all.length - layers.length, 'more layer')} not shown.</p>}
    </>
  );
}

/** To scale, for the eyes alone: the table says the same. */
function LayerBar({ layers, total }: { readonly layers: readonly Descriptor[]; readonly total: number }) {
  if (total === 0) return null;
  let x = 0;
  return (
    <svg class="bar" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">
      {layers.map(({ digest, size }, index): JSX.Element => {
        const width = (size / total) * 1000;
        x += width;
        return (
          <rect key={`${index} ${digest}`} class={colorOf(index)} x={x - width} y={0} width={width} height={24}>
            <title>{sizeText(size)}</title>
          </rect>
        );
      })}
    </svg>
  );
}

function colorOf(index: number): string {
  return `color${index % 8}`;
}

function titleOf(annotations: unknown): string {
  const title = (annotations as Readonly<Record<string, unknown>> | undefined)?.['org.opencontainers.image.title'];
  return typeof title === 'string' ? title : '';
}
