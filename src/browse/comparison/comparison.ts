// Two images side by side: what differs in their config, annotations, layers, in what is attached to them, and in their files.
import { RegistryError } from '../../oci/error-code.ts';
import type { Reference, RepositoryName } from '../../oci/reference.ts';
import type { Registry } from '../../registry/registry.ts';
import { defaultTreeOptions, imageTree } from '../../transfer/image-tree.ts';
import type { ImageTreeNode } from '../../transfer/image-tree-node.ts';
import { LookingSource } from '../looking-source.ts';
import { type ComparedFiles, compareFiles } from './compared-files.ts';
import { type ComparedLayers, compareLayers } from './compared-layers.ts';
import { type ComparedValues, compareValues } from './compared-values.ts';
import { type ConfigValues, configOf } from './config-values.ts';
import type { OneAtATime } from './one-at-a-time.ts';

export interface ImageToCompare {
  readonly name: RepositoryName;
  readonly reference: Reference;
}

export interface ComparisonAsked {
  readonly from: ImageToCompare;
  readonly to: ImageToCompare;
  /** Of images for several platforms; undefined: the first that both have. */
  readonly platform: string | undefined;
  /** False: only what manifests and configs say, which takes no time. */
  readonly withFiles: boolean;
}

export interface ComparedImage {
  readonly name: RepositoryName;
  /** Of what the reference names, and of the platform that is compared. */
  readonly digest: string;
  readonly imageDigest: string;
  readonly platform?: string | undefined;
  /** Empty for an image of one. */
  readonly platforms: readonly string[];
  readonly contentSize: number;
  /** Why its config is not compared. */
  readonly configProblem?: string | undefined;
}

export interface AttachedCount {
  readonly artifactType: string;
  readonly from: number;
  readonly to: number;
}

export interface Comparison {
  readonly from: ComparedImage;
  readonly to: ComparedImage;
  readonly config: ComparedValues;
  readonly environment: ComparedValues;
  readonly labels: ComparedValues;
  readonly annotations: ComparedValues;
  readonly layers: ComparedLayers;
  /** Of referrers, attestations and what cosign keeps, how many of each kind. */
  readonly attached: readonly AttachedCount[];
  /** Absent where nobody asked for them. */
  readonly files?: ComparedFiles | undefined;
}

/** As of an image that is shown. */
const mostNodes = 500;

interface Side {
  readonly name: RepositoryName;
  readonly root: ImageTreeNode;
  readonly platforms: readonly ImageTreeNode[];
}

/** Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, UNAVAILABLE where others are compared, and the reason of `signal`. */
export async function compareImages(
  registry: Registry,
  { from, to, platform, withFiles }: ComparisonAsked,
  fileTurns: OneAtATime,
  signal?: AbortSignal,
): Promise<Comparison> {
  const source = new LookingSource(registry);
  const [before, after] = [await sideOf(source, from, 'from', signal), await sideOf(source, to, 'to', signal)];
  const wanted = platform ?? commonPlatform(before, after);
  const [one, other] = [chosen(before, wanted, 'from'), chosen(after, wanted, 'to')];
  const [configBefore, configAfter] = [await configOf(source, from.name, one), await configOf(source, to.name, other)];
  const files = () =>
    compareFiles({
      source,
      from: { name: from.name, layers: one.layers },
      to: { name: to.name, layers: other.layers },
      signal,
    });
  return {
    from: shownSide(before, one, configBefore),
    to: shownSide(after, other, configAfter),
    config: compareValues(configBefore.values, configAfter.values),
    environment: compareValues(configBefore.environment, configAfter.environment),
    labels: compareValues(configBefore.labels, configAfter.labels),
    annotations: compareValues(annotationsOf(before, one), annotationsOf(after, other)),
    layers: compareLayers(
      { layers: one.layers, commands: configBefore.commands },
      { layers: other.layers, commands: configAfter.commands },
    ),
    attached: compareAttached(attachedTo(before, one), attachedTo(after, other)),
    files: withFiles ? await fileTurns.run(files, signal) : undefined,
  };
}

async function sideOf(
  source: LookingSource,
  { name, reference }: ImageToCompare,
  side: 'from' | 'to',
  signal: AbortSignal | undefined,
): Promise<Side> {
  try {
    const root = await imageTree(source, name, reference, { ...defaultTreeOptions, maxNodes: mostNodes, signal });
    return { name, root, platforms: root.kind === 'index' ? imagesBelow(root) : [] };
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
    throw new RegistryError(error.code, { detail: `of "${side}"`, cause: error });
  }
}

function imagesBelow({ manifests }: ImageTreeNode): readonly ImageTreeNode[] {
  return manifests.flatMap((each) => (each.kind === 'index' ? imagesBelow(each) : [each]));
}

function commonPlatform(one: Side, other: Side): string | undefined {
  const platformOf = ({ platforms, root }: Side) =>
    (platforms.length === 0 ? [root] : platforms).map((each) => each.platform);
  const there = new Set(platformOf(other));
  return platformOf(one).find((platform) => platform !== undefined && there.has(platform));
}

/** An image of one platform is compared whatever is asked for: it is the only one there is. */
function chosen({ root, platforms }: Side, wanted: string | undefined, side: 'from' | 'to'): ImageTreeNode {
  if (root.kind !== 'index') return root;
  const found = wanted === undefined ? platforms[0] : platforms.find(({ platform }) => platform === wanted);
  if (found !== undefined) return found;
  if (wanted === undefined) return root;
  const there = platforms.map(({ platform }) => platform ?? 'unknown').slice(0, 20);
  throw new RegistryError('MANIFEST_UNKNOWN', {
    detail: `"${side}" has no ${wanted.slice(0, 100)}, but ${there.join(', ') || 'nothing'}`,
  });
}

function shownSide({ name, root, platforms }: Side, node: ImageTreeNode, { problem }: ConfigValues): ComparedImage {
  return {
    name,
    digest: root.digest,
    imageDigest: node.digest,
    platform: node.platform,
    platforms: platforms.flatMap(({ platform }) => platform ?? []),
    contentSize: node.contentSize,
    configProblem: node.problem === undefined ? problem : `its manifest is ${node.problem}`,
  };
}

/** Those of the image over those of the index that lists it. */
function annotationsOf({ root }: Side, node: ImageTreeNode): ReadonlyMap<string, string> {
  return new Map([...Object.entries(root.annotations), ...Object.entries(node.annotations)]);
}

function attachedTo({ root }: Side, node: ImageTreeNode): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { referrers, attestations, cosign } of new Set([root, node])) {
    for (const each of [...referrers, ...attestations, ...cosign]) {
      const type = typeOf(each);
      counts.set(type, (counts.get(type) ?? 0) + 1);
    }
  }
  return counts;
}

function typeOf({ artifactType, mediaType, kind }: ImageTreeNode): string {
  return kind === 'attestation' ? 'attestation' : (artifactType ?? mediaType);
}

function compareAttached(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): readonly AttachedCount[] {
  const types = [...new Set([...from.keys(), ...to.keys()])].sort();
  return types.map((artifactType) => ({
    artifactType,
    from: from.get(artifactType) ?? 0,
    to: to.get(artifactType) ?? 0,
  }));
}
