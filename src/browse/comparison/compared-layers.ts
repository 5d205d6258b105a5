// The layers of two images: which both have, which only one of them has, each with the command that made it.
import type { DescriptorReference } from '../../oci/descriptor.ts';
import { commonLayers } from './compared-files.ts';

export interface LayersOfImage {
  /** The lowest first. */
  readonly layers: readonly DescriptorReference[];
  /** Of each layer, in their order; shorter, or empty, where the config says nothing of them. */
  readonly commands: readonly string[];
}

export interface ComparedLayer {
  readonly state: 'same' | 'removed' | 'added';
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes, as it is stored. */
  readonly size: number;
  readonly command?: string | undefined;
}

export interface ComparedLayers {
  /** Those at the bottom that both have, then those that only the first has, then those of the second. */
  readonly list: readonly ComparedLayer[];
  readonly omitted: number;
  readonly sameBytes: number;
  readonly removedBytes: number;
  readonly addedBytes: number;
}

/** An image of a thousand layers runs nowhere. */
const mostListed = 1_000;
const longestCommand = 2_048;

export function compareLayers(from: LayersOfImage, to: LayersOfImage): ComparedLayers {
  const common = commonLayers(from.layers, to.layers);
  const there = new Set(to.layers.map(({ digest }) => digest));
  const here = new Set(from.layers.map(({ digest }) => digest));
  const all: ComparedLayer[] = [];
  const add = (state: ComparedLayer['state'], { layers, commands }: LayersOfImage, at: number) => {
    const layer = layers[at];
    if (layer === undefined) return;
    const { digest, mediaType, size } = layer;
    all.push({ state, digest, mediaType, size, command: commands[at]?.slice(0, longestCommand) });
  };
  for (let at = 0; at < common; at += 1) add('same', to, at);
  for (const [at, { digest }] of from.layers.entries())
    if (at >= common && !there.has(digest)) add('removed', from, at);
  for (const [at, { digest }] of to.layers.entries())
    if (at >= common) add(here.has(digest) ? 'same' : 'added', to, at);
  return {
    list: all.slice(0, mostListed),
    omitted: Math.max(0, all.length - mostListed),
    sameBytes: bytesOf(all, 'same'),
    removedBytes: bytesOf(all, 'removed'),
    addedBytes: bytesOf(all, 'added'),
  };
}

function bytesOf(layers: readonly ComparedLayer[], wanted: ComparedLayer['state']): number {
  return layers.reduce((sum, { state, size }) => (state === wanted ? sum + size : sum), 0);
}
