// Requests by method, route and status. Labels are bounded: routes are those of http/routes.ts, statuses those that we answer with, and
// what is no endpoint is one value, whatever was asked for.
import type { MeteredRequest, Metrics, RouteMeter } from '../http/metrics.ts';
import { Distribution } from './distribution.ts';
import { counterOf, type Family, histogramOf, type Sample } from './family.ts';
import type { RepositoryCounts } from './repository-counts.ts';

/** In seconds: from what is answered from memory to what is pushed over a slow line. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600] as const;

const usualMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export class RequestCounts implements Pick<Metrics, 'meterOf'> {
  readonly #routes = new Map<string, RouteCounts>();
  readonly #mirrored = new Map<number, number>();
  /** Undefined: they are not counted by repository. */
  readonly #repositories: RepositoryCounts | undefined;

  constructor(repositories: RepositoryCounts | undefined) {
    this.#repositories = repositories;
  }

  meterOf(method: string, route: string | undefined): RouteMeter {
    const labels = { method: usualMethods.has(method) ? method : 'other', route: route ?? 'unknown' };
    const key = `${labels.method} ${labels.route}`;
    const known =
      this.#routes.get(key) ??
      new RouteCounts(labels, this.#repositories === undefined, (request) => this.#countOdd(labels.method, request));
    this.#routes.set(key, known);
    return known;
  }

  families(): readonly Family[] {
    const routes = [...this.#routes.values()];
    const duration = 'moorage_http_request_duration_seconds';
    return [
      histogramOf(
        duration,
        'How long requests took, from their head to the end of the answer.',
        routes.flatMap((counts) => counts.durations(duration)),
      ),
      counterOf(
        'moorage_http_request_bytes_total',
        'Bytes of the bodies of requests.',
        routes.flatMap(({ labels, bytesIn }) => (bytesIn === 0 ? [] : [{ labels, value: bytesIn }])),
      ),
      counterOf(
        'moorage_http_response_bytes_total',
        'Bytes of the bodies of answers.',
        routes.flatMap(({ labels, bytesOut }) => (bytesOut === 0 ? [] : [{ labels, value: bytesOut }])),
      ),
      counterOf(
        'moorage_mirror_requests_total',
        'Requests that named the registry they mirror here (ns=).',
        [...this.#mirrored].map(([status, value]) => ({ labels: { status }, value })),
      ),
      ...(this.#repositories === undefined ? [] : [this.#repositories.family()]),
    ];
  }

  #countOdd(method: string, { status, repository, isMirrored }: MeteredRequest): void {
    if (isMirrored) this.#mirrored.set(status, (this.#mirrored.get(status) ?? 0) + 1);
    // Names that lead nowhere are anybody's invention.
    if (repository !== undefined && status < 400) this.#repositories?.count(repository, method);
  }
}

class RouteCounts implements RouteMeter {
  readonly labels: { readonly method: string; readonly route: string };
  bytesIn = 0;
  bytesOut = 0;
  readonly #byStatus = new Map<number, Distribution>();
  readonly #mirrorsAlone: boolean;
  readonly #others: (request: MeteredRequest) => void;

  /** `others`: what else is counted, of requests of mirrors where it is those alone. */
  constructor(labels: RouteCounts['labels'], mirrorsAlone: boolean, others: (request: MeteredRequest) => void) {
    this.labels = labels;
    this.#mirrorsAlone = mirrorsAlone;
    this.#others = others;
  }

  answered(request: MeteredRequest): void {
    const { status, durationMs, bytesIn, bytesOut } = request;
    let durations = this.#byStatus.get(status);
    if (durations === undefined) {
      durations = new Distribution(bounds);
      this.#byStatus.set(status, durations);
    }
    durations.observe(durationMs / 1000);
    this.bytesIn += bytesIn;
    this.bytesOut += bytesOut;
    if (request.isMirrored || !this.#mirrorsAlone) this.#others(request);
  }

  durations(name: string): readonly Sample[] {
    return [...this.#byStatus].flatMap(([status, durations]) => durations.samples(name, { ...this.labels, status }));
  }
}
