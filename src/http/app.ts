// The HTTP app: the gate before every route, one answer to errors, and the routes (routes.ts).
import type { RequestListener } from 'node:http';
import { type FastifyInstance, fastify } from 'fastify';
import type { Policy } from '../auth/policy.ts';
import type { TokenService } from '../auth/tokens/token-service.ts';
import { OneAtATime } from '../browse/comparison/one-at-a-time.ts';
import { SearchedNames } from '../browse/searched-names.ts';
import { DiskLook } from '../browse/shown-disk.ts';
import { LayoutLooks } from '../browse/shown-findings.ts';
import { TagProtectedError } from '../oci/tag-protection.ts';
import type { Registry } from '../registry/registry.ts';
import { Answers } from './answers.ts';
import type { Audit } from './audit.ts';
import { Gate } from './authorize.ts';
import { bestSender } from './best-sender.ts';
import type { BlobSender } from './blob-sender.ts';
import { BufferedBodies } from './buffered-bodies.ts';
import { ConnectionLimit } from './connection-limit.ts';
import type { SharedLimits } from './count-sharing.ts';
import { CrossOrigin } from './cross-origin.ts';
import { AlterableSender, type Faults, injectFaults } from './faults.ts';
import type { HandlerContext } from './handlers/handler-context.ts';
import { putManifest } from './handlers/manifests.ts';
import { unknownEndpoint } from './handlers/unknown-endpoint.ts';
import { answerBadHttp, createHttpServer } from './http-server.ts';
import type { ChangingHttpSettings, HttpSettings } from './http-settings.ts';
import { JsonLists } from './json-list.ts';
import type { LiveEvents } from './live-events.ts';
import type { Metrics } from './metrics.ts';
import { resolveNamespace } from './namespace.ts';
import { type PackagedFiles, PageFiles } from './page-files.ts';
import { PooledSender } from './pooled-sender.ts';
import { routedUrl } from './repository-path.ts';
import { acceptAnyContentType } from './request-body.ts';
import { decorateContext } from './request-context.ts';
import { type FailureLog, logAnswer, logRequests, type RequestLog } from './request-log.ts';
import { beginMetering, meterRequests } from './request-metering.ts';
import { RouteMethods } from './route-methods.ts';
import { routesOf, type ServedRoutes } from './routes.ts';
import { ServerState } from './server-state.ts';
import { timeRequests } from './server-timing.ts';
import { keepWhileWorking } from './stall.ts';

/** A token of an identity provider, in place of a password, has a few kilobytes. */
const maxFormBytes = 16 * 1024;

function noSchema(): never {
  throw new Error('no route has a schema');
}

/** Without one of our own Fastify loads its compilers, which takes a tenth of a start. Requests are parsed where they are read. */
const noSchemas = { buildValidator: () => noSchema, buildSerializer: () => noSchema };

export interface AppOptions {
  readonly registry: Registry;
  readonly policy: Policy;
  /** What the token endpoint answers with; without it there is none. */
  readonly tokens?: TokenService | undefined;
  readonly settings: HttpSettings;
  /** Who did what; without it there is no cost either. */
  readonly audit?: Audit | undefined;
  /** What other processes of the server count as well; undefined: there are none. */
  readonly shared?: SharedLimits | undefined;
  /** Errors that no client may see. */
  readonly failures: FailureLog;
  /** A line for each request; without it there is no cost either. */
  readonly log?: RequestLog | undefined;
  /** Told of each request when it was read, before anything is done with it. */
  readonly onArrival?: () => void;
  /** What goes wrong on purpose. */
  readonly faults?: Faults | undefined;
  /** What the page is made of; without it the page says how to pull. */
  readonly pageFiles?: (() => Promise<PackagedFiles>) | undefined;
  /** What counts requests; without it there is no cost either. */
  readonly metrics?: Metrics | undefined;
  /** What happens, for whoever listens; without it nobody is told. */
  readonly live?: LiveEvents | undefined;
  /** By default those of a registry, without its metrics. */
  readonly serves?: ServedRoutes;
  /** How large blobs are sent; by default the best way this machine has. */
  readonly sender?: BlobSender;
}

export interface HttpApp {
  /** Ready to listen or to be asked by `inject`. Takes no further route that declares no action. */
  readonly app: FastifyInstance;
  /** From the next request on. */
  follow(settings: ChangingHttpSettings): void;
}

export function buildApp({
  registry,
  policy,
  tokens,
  settings,
  failures,
  log,
  audit,
  shared,
  onArrival,
  faults,
  pageFiles,
  metrics,
  live,
  serves = 'registry',
  sender = faults === undefined ? bestSender() : new AlterableSender(bestSender(), new PooledSender()),
}: AppOptions): HttpApp {
  const routes = routesOf(serves);
  const methods = new RouteMethods(routes);
  const state = new ServerState();
  const crossOrigin = new CrossOrigin(settings.cors);
  const answers = new Answers({ warning: settings.warning, crossOrigin, failures, methods, state });
  const { maxConnections, trustedProxies } = settings;
  const connections =
    maxConnections === undefined ? undefined : new ConnectionLimit(maxConnections, trustedProxies, shared?.connections);
  const gate = new Gate({
    policy,
    whyReadOnly: (repository) => registry.whyReadOnly(repository),
    resolve: (request, name, isShown) => resolveNamespace(registry, request, name, isShown),
    deletesEnabled: settings.deletesEnabled,
    challenge: settings.challenge,
    certificates: settings.tls?.clients,
    hosts: settings.hosts,
    requestsPerSecond: settings.requestsPerSecond,
    sharedRequests: shared?.requests,
    connections,
    crossOrigin,
    state,
    audit,
  });
  const inTime = { maxWaitMs: settings.bodyMaxWaitMs, timeoutMs: settings.bodyTimeoutMs };
  const context: HandlerContext = {
    ...{ registry, answers, gate, sender, tokens, metrics, live, state },
    bodies: new BufferedBodies({
      ...inTime,
      kind: { code: 'MANIFEST_INVALID', noun: 'manifest' },
      limit: settings.maxManifestBytes,
      memory: settings.bodyMemoryBytes,
    }),
    forms: new BufferedBodies({
      ...inTime,
      kind: { code: 'UNSUPPORTED', noun: 'form' },
      limit: maxFormBytes,
      memory: 0,
    }),
    jsonLists: new JsonLists(),
    disk: new DiskLook(registry),
    names: new SearchedNames(registry),
    layouts: new LayoutLooks(registry),
    comparisons: new OneAtATime(),
    page: new PageFiles(pageFiles),
  };
  const app = fastify({
    serverFactory: (handler) => {
      const server = createHttpServer(onArrival === undefined ? handler : telling(onArrival, handler), settings);
      connections?.watch(server);
      return server;
    },
    // An empty list would be one, with its cost on each request.
    trustProxy: settings.trustedProxies.length > 0 && [...settings.trustedProxies],
    clientErrorHandler: answerBadHttp,
    frameworkErrors: (error, request, reply) => {
      if (log !== undefined) logAnswer(request, reply, log);
      if (metrics !== undefined) beginMetering(request, metrics.meterOf(request.method, undefined));
      answers.error(reply, error);
    },
    rewriteUrl: ({ url }) => routedUrl(url ?? '/'),
    // A sha512 digest has 135 characters, a name up to 255; Fastify's default is 100.
    routerOptions: { maxParamLength: 1024 },
    // Its HEAD would run GET and drain the blob into nothing.
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // Its 503 is not in the envelope; the gate's is.
    return503OnClosing: false,
    schemaController: { compilersFactory: noSchemas },
    logger: false,
  });
  app.removeAllContentTypeParsers();
  // Bodies stay streams: whoever reads one decides how much of it (request-body.ts).
  app.addContentTypeParser('*', (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const recorded = error instanceof TagProtectedError ? gate.audit.recordProtected(request, error) : undefined;
    if (recorded === undefined) return answers.error(reply, error);
    recorded.then(
      () => answers.error(reply, error),
      (unwritten) => answers.error(reply, unwritten),
    );
  });
  const answerUnknown = unknownEndpoint(answers, methods, crossOrigin);
  app.setNotFoundHandler((request, reply) => {
    if (metrics !== undefined) beginMetering(request, metrics.meterOf(request.method, undefined));
    answerUnknown(request, reply);
  });
  decorateContext(app);
  if (log !== undefined) logRequests(app, log);
  if (faults !== undefined) injectFaults(app, faults);
  gate.guard(app);
  // From here on what is added to a route comes before the gate.
  if (settings.timing) timeRequests(app);
  if (metrics !== undefined) meterRequests(app, metrics);
  acceptAnyContentType(app);
  keepWhileWorking(app);
  state.watch(app);

  for (const [method, url, action, handler] of routes) {
    app.route({
      method,
      url,
      config: { action, isRecordedWithContent: handler === putManifest },
      handler: handler.bind(undefined, context),
    });
  }
  return {
    app,
    follow: (changed) => {
      answers.follow(changed);
      crossOrigin.follow(changed.cors);
      gate.follow(changed);
      context.bodies.follow(changed.maxManifestBytes);
    },
  };
}

function telling(onArrival: () => void, handler: RequestListener): RequestListener {
  return (request, response) => {
    onArrival();
    handler(request, response);
  };
}
