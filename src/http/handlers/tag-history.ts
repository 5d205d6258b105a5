// What a tag meant over time, and since when (distribution-spec, PR 606: component tag-history of the extension _oci). Unmerged: the shape
// is that of its revision of August 2026.
import { annotationKeys } from '../../oci/annotations.ts';
import { parseDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { isTag } from '../../oci/reference.ts';
import type { TagHistories } from '../../registry/tag-histories.ts';
import { tagHistoryUrl } from '../headers.ts';
import { nextLink, parsePage } from '../page-query.ts';
import { firstValue } from '../query.ts';
import { parameterOf, repositoryNameOf } from '../request-context.ts';
import type { Handler } from './handler-context.ts';

type Move = Awaited<ReturnType<TagHistories['of']>>['moves'][number];

const defaultLimit = 100;
const mostAtOnce = 1_000;

/** What is not known is empty, and never 404: that says that the registry has no such endpoint. */
export const getTagHistory: Handler = async ({ registry, answers }, request, reply) => {
  const name = repositoryNameOf(request);
  const tag = parameterOf(request, 'tag');
  const asked = askedFor(request.query);
  const moves = isTag(tag) ? (await (await registry.repository(name)).history.of(tag)).moves : [];
  const { entries, older } = pageOf(moves, asked);
  const manifests = entries.map(descriptorOf);
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests });
  const { before, since, digest } = asked.written;
  const next = nextLink(tagHistoryUrl(name, tag), { n: asked.limit, before, since, digest, last: older });
  const link = older === undefined ? [] : ['Link', next];
  answers.bytes(reply, 200, ['Content-Type', mediaTypes.imageIndex, ...link], Buffer.from(body));
};

interface Asked {
  readonly limit: number;
  readonly beforeMs: number | undefined;
  readonly sinceMs: number | undefined;
  readonly digest: string | undefined;
  /** Only the oldest so many: what a Link goes on with, since a clock that was set back may give two moves one time. */
  readonly oldest: number | undefined;
  readonly written: {
    readonly before?: string | undefined;
    readonly since?: string | undefined;
    readonly digest?: string | undefined;
  };
}

function askedFor(query: unknown): Asked {
  const { limit = defaultLimit, after } = parsePage(query);
  const [before, since, digest] = ['before', 'since', 'digest'].map((name) => firstValue(query, name));
  return {
    limit: Math.min(limit, mostAtOnce),
    beforeMs: timeOf('before', before),
    sinceMs: timeOf('since', since),
    digest: digest === undefined ? undefined : parseDigest(digest),
    oldest: after === undefined ? undefined : countOf(after),
    written: { before, since, digest },
  };
}

/** The newest first. `older`: how many moves come before these, where some of them are asked for as well. */
function pageOf(
  moves: readonly Move[],
  { limit, beforeMs, sinceMs, digest, oldest }: Asked,
): { readonly entries: readonly Move[]; readonly older: number | undefined } {
  const isAsked = ({ atMs, from, to }: Move) =>
    (beforeMs === undefined || atMs < beforeMs) &&
    (sinceMs === undefined || atMs > sinceMs) &&
    (digest === undefined || (to ?? from)?.digest === digest);
  const asked = moves.flatMap((move, at) => (at < (oldest ?? moves.length) && isAsked(move) ? [{ move, at }] : []));
  const page = asked.slice(Math.max(0, asked.length - limit));
  const isLast = page.length === asked.length || limit === 0;
  return { entries: page.map(({ move }) => move).reverse(), older: isLast ? undefined : page[0]?.at };
}

/** Who is assigned, or whom the tag left by being deleted. */
function descriptorOf({ atMs, how, from, to }: Move): object {
  const target = to ?? from;
  return {
    mediaType: target?.mediaType,
    digest: target?.digest,
    size: target?.size,
    annotations: {
      [annotationKeys.tagTimestamp]: new Date(atMs).toISOString(),
      [annotationKeys.tagEvent]: to === undefined ? 'deleted' : 'created',
      [annotationKeys.tagHow]: how,
    },
  };
}

/** A "+" that a client did not encode is a space by now. */
function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const atMs = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(text)
    ? Date.parse(text.replace(/ (?=\d\d:\d\d$)/, '+'))
    : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw wrong('invalid time', `${name} is a time as RFC 3339 has it, e.g. 2026-04-03T02:01:00Z`);
}

function countOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrong('invalid page', 'last is taken from a Link header as it is');
}

function wrong(message: string, detail: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message, detail });
}
