// Every endpoint with the right that a request to it needs, in one list. The gate asks the policy for that right, the Allow
// header of a 405 names the methods that stand here, and the tests of the gate go through it row by row.
import type { HTTPMethods } from 'fastify';
import { tokenPath } from './challenge.ts';
import { compareApiImages } from './handlers/api/comparison.ts';
import { streamEvents } from './handlers/api/events.ts';
import {
  listApiFindings,
  listApiMoves,
  listApiRepositories,
  listApiTags,
  showApiDisk,
  showApiImage,
  showApiRepository,
} from './handlers/api/listings.ts';
import { showOpenApi } from './handlers/api/openapi.ts';
import { rollBackTag } from './handlers/api/rollback.ts';
import { showApiSession } from './handlers/api/session.ts';
import { appendChunk, cancelUpload, finishUpload, startUpload, uploadStatus } from './handlers/blob-uploads.ts';
import { deleteBlob, getBlob, headBlob } from './handlers/blobs.ts';
import { listRepositories } from './handlers/catalog.ts';
import { listExtensions, listRepositoryExtensions } from './handlers/extensions.ts';
import { showFrontPage } from './handlers/front-page.ts';
import type { Handler } from './handlers/handler-context.ts';
import { isAlive, isReady } from './handlers/health.ts';
import { deleteManifest, getManifest, headManifest, putManifest } from './handlers/manifests.ts';
import { showMetrics } from './handlers/metrics.ts';
import { sendPageFile } from './handlers/page-file.ts';
import { listReferrers } from './handlers/referrers.ts';
import { getTagHistory } from './handlers/tag-history.ts';
import { listTags } from './handlers/tags.ts';
import { exchangePassword, issueToken } from './handlers/token.ts';
import { checkVersion } from './handlers/version.ts';
import type { RouteAction } from './request-context.ts';

/** Names hold slashes, which are encoded before routing (repository-path.ts). */
export type Route = readonly [method: HTTPMethods, url: string, action: RouteAction, handler: Handler];

export const routes: readonly Route[] = [
  ['GET', '/', 'probe', showFrontPage],
  ['HEAD', '/', 'probe', showFrontPage],
  ['GET', '/page/:file', 'probe', sendPageFile],
  ['HEAD', '/page/:file', 'probe', sendPageFile],
  ['GET', '/livez', 'probe', isAlive],
  ['HEAD', '/livez', 'probe', isAlive],
  ['GET', '/readyz', 'probe', isReady],
  ['HEAD', '/readyz', 'probe', isReady],
  ['GET', '/metrics', 'metrics', showMetrics],
  ['HEAD', '/metrics', 'metrics', showMetrics],
  ['GET', tokenPath, 'login', issueToken],
  ['POST', tokenPath, 'login', exchangePassword],
  ['GET', '/api/openapi.json', 'probe', showOpenApi],
  ['GET', '/api/session', 'ping', showApiSession],
  ['GET', '/api/repositories', 'catalog', listApiRepositories],
  ['GET', '/api/repositories/:name', 'pull', showApiRepository],
  ['GET', '/api/repositories/:name/findings', 'pull', listApiFindings],
  ['GET', '/api/repositories/:name/tags', 'pull', listApiTags],
  ['GET', '/api/repositories/:name/tags/:tag/history', 'pull', listApiMoves],
  ['POST', '/api/repositories/:name/tags/:tag/rollback', 'push', rollBackTag],
  ['GET', '/api/repositories/:name/images/:reference', 'pull', showApiImage],
  ['GET', '/api/repositories/:name/compare', 'pull', compareApiImages],
  ['GET', '/api/disk', 'catalog', showApiDisk],
  ['GET', '/api/events', 'catalog', streamEvents],
  ['GET', '/v2/', 'ping', checkVersion],
  ['HEAD', '/v2/', 'ping', checkVersion],
  ['GET', '/v2', 'ping', checkVersion],
  ['HEAD', '/v2', 'ping', checkVersion],
  ['GET', '/v2/_catalog', 'catalog', listRepositories],
  ['HEAD', '/v2/_catalog', 'catalog', listRepositories],
  ['GET', '/v2/:name/tags/list', 'pull', listTags],
  ['HEAD', '/v2/:name/tags/list', 'pull', listTags],
  ['GET', '/v2/:name/referrers/:digest', 'pull', listReferrers],
  ['HEAD', '/v2/:name/referrers/:digest', 'pull', listReferrers],
  ['GET', '/v2/_oci/ext/discover', 'ping', listExtensions],
  ['HEAD', '/v2/_oci/ext/discover', 'ping', listExtensions],
  ['GET', '/v2/:name/_oci/ext/discover', 'pull', listRepositoryExtensions],
  ['HEAD', '/v2/:name/_oci/ext/discover', 'pull', listRepositoryExtensions],
  ['GET', '/v2/:name/_oci/tag-history/:tag', 'pull', getTagHistory],
  ['HEAD', '/v2/:name/_oci/tag-history/:tag', 'pull', getTagHistory],
  ['GET', '/v2/:name/manifests/:reference', 'pull', getManifest],
  ['HEAD', '/v2/:name/manifests/:reference', 'pull', headManifest],
  ['PUT', '/v2/:name/manifests/:reference', 'push', putManifest],
  ['DELETE', '/v2/:name/manifests/:reference', 'delete', deleteManifest],
  ['GET', '/v2/:name/blobs/:digest', 'pull', getBlob],
  ['HEAD', '/v2/:name/blobs/:digest', 'pull', headBlob],
  ['DELETE', '/v2/:name/blobs/:digest', 'delete', deleteBlob],
  ['POST', '/v2/:name/blobs/uploads/', 'push', startUpload],
  ['PATCH', '/v2/:name/blobs/uploads/:id', 'push', appendChunk],
  ['PUT', '/v2/:name/blobs/uploads/:id', 'push', finishUpload],
  ['GET', '/v2/:name/blobs/uploads/:id', 'push', uploadStatus],
  ['HEAD', '/v2/:name/blobs/uploads/:id', 'push', uploadStatus],
  ['DELETE', '/v2/:name/blobs/uploads/:id', 'push', cancelUpload],
];

/** `registry`: all but the metrics, which are nowhere or on a listener of their own: `metrics`. */
export type ServedRoutes = 'all' | 'registry' | 'metrics';

export function routesOf(served: ServedRoutes): readonly Route[] {
  if (served === 'all') return routes;
  return routes.filter(([, , action]) => (action === 'metrics') === (served === 'metrics'));
}
