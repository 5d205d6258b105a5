// What `moorage tree` writes about each node of an image.
import { cosignTagParts } from '../oci/cosign-tag.ts';
import type { Tag } from '../oci/reference.ts';
import type { ImageTreeNode, NodeProblem } from '../transfer/image-tree-node.ts';
import { humanSize, shownDate, shownDigest } from './output-text.ts';
import type { TreeLine } from './output-tree.ts';

const problems: Readonly<Record<NodeProblem, string>> = {
  missing: 'missing: listed, but not there',
  unreadable: 'unreadable: not the JSON of a manifest',
  'not a manifest': 'not a manifest that can be looked into',
  unrelated: 'listed here, but its subject is another one',
  cycle: 'stands above itself: not shown again',
};

/** Annotations and types have no bound in the spec. */
const longestType = 120;

export function treeLine(node: ImageTreeNode, truncated: boolean, name?: string): TreeLine {
  const below = [...node.manifests, ...node.attestations, ...node.referrers, ...node.cosign].map((child) =>
    treeLine(child, truncated),
  );
  const rest =
    node.omitted === 0 ? [] : [{ text: `${node.omitted} more left out: the tree is too deep or too large`, below: [] }];
  return { text: textOf(node, truncated, name), below: [...below, ...rest] };
}

function textOf(node: ImageTreeNode, truncated: boolean, name: string | undefined): string {
  const isKnown = node.problem !== 'missing' && node.problem !== 'cycle';
  const parts = [
    name,
    node.platform,
    node.kind === 'cosign' ? `cosign ${cosignKind(node)}` : node.kind,
    typeOf(node),
    shownDigest(node.digest, truncated),
    isKnown && node.problem !== 'not a manifest' ? humanSize(node.contentSize) : undefined,
    isKnown && node.layers.length > 0 ? `${node.layers.length} layer${node.layers.length === 1 ? '' : 's'}` : undefined,
    shownDate(node.created),
    node.kind === 'attestation' ? '(attestation, no referrer)' : undefined,
    node.tag === undefined ? undefined : `(tag ${shownTag(node.tag, truncated)})`,
    node.problem === undefined ? undefined : `[${problems[node.problem]}]`,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}

function cosignKind({ tag }: ImageTreeNode): string {
  return (tag === undefined ? undefined : cosignTagParts(tag)?.kind) ?? '';
}

/** As its digest is shown. */
function shownTag(tag: Tag, truncated: boolean): string {
  const subject = cosignTagParts(tag)?.subject;
  if (subject === undefined || !truncated) return tag;
  return `${shownDigest(subject, true).replace(':', '-')}*${tag.slice(tag.indexOf('.'))}`;
}

/** Of an ordinary image it says nothing new; of an attestation the predicates say more. */
function typeOf({ kind, artifactType, config, layers, problem, mediaType }: ImageTreeNode): string | undefined {
  if (problem === 'not a manifest') return cut(mediaType);
  if (kind === 'attestation') {
    const predicates = layers.flatMap(({ annotations }) => annotations?.['in-toto.io/predicate-type'] ?? []);
    return predicates.length === 0 ? undefined : cut([...new Set(predicates)].join(' '));
  }
  if (kind === 'cosign') {
    const types = layers.map(({ mediaType: type, annotations }) => annotations?.predicateType ?? type);
    return types.length === 0 ? undefined : cut([...new Set(types)].join(' '));
  }
  const isPlainImage = kind === 'image' && artifactType === config?.mediaType && /\bimage\b/.test(artifactType ?? '');
  return artifactType === undefined || isPlainImage ? undefined : cut(artifactType);
}

function cut(text: string): string {
  return text.length > longestType ? `${text.slice(0, longestType)}...` : text;
}
