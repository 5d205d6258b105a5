// What a handler is, and what every one of them is given.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TokenService } from '../../auth/tokens/token-service.ts';
import type { OneAtATime } from '../../browse/comparison/one-at-a-time.ts';
import type { SearchedNames } from '../../browse/searched-names.ts';
import type { DiskLook } from '../../browse/shown-disk.ts';
import type { LayoutLooks } from '../../browse/shown-findings.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Answers } from '../answers.ts';
import type { Gate } from '../authorize.ts';
import type { BlobSender } from '../blob-sender.ts';
import type { BufferedBodies } from '../buffered-bodies.ts';
import type { JsonLists } from '../json-list.ts';
import type { LiveEvents } from '../live-events.ts';
import type { Metrics } from '../metrics.ts';
import type { PageFiles } from '../page-files.ts';
import type { ServerState } from '../server-state.ts';

export interface HandlerContext {
  readonly registry: Registry;
  readonly answers: Answers;
  readonly gate: Gate;
  readonly sender: BlobSender;
  /** Of manifests. */
  readonly bodies: BufferedBodies;
  readonly forms: BufferedBodies;
  /** Undefined where nobody is asked who they are. */
  readonly tokens: TokenService | undefined;
  readonly jsonLists: JsonLists;
  readonly disk: DiskLook;
  readonly names: SearchedNames;
  readonly layouts: LayoutLooks;
  /** Files of two images are compared by one request after another. */
  readonly comparisons: OneAtATime;
  readonly page: PageFiles;
  /** Undefined where nothing is counted. */
  readonly metrics: Metrics | undefined;
  /** Undefined where nothing is told. */
  readonly live: LiveEvents | undefined;
  readonly state: ServerState;
}

/** Answers one request that the gate let pass; what it throws becomes an answer too (error-response.ts). */
export type Handler = (context: HandlerContext, request: FastifyRequest, reply: FastifyReply) => Promise<void> | void;
