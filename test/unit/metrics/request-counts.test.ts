// Requests by route: what is counted where, and that no client can make a label of its own.
import { describe, expect, it } from 'vitest';
import type { MeteredRequest } from '../../../src/http/metrics.ts';
import type { Sample } from '../../../src/metrics/family.ts';
import { RepositoryCounts } from '../../../src/metrics/repository-counts.ts';
import { RequestCounts } from '../../../src/metrics/request-counts.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';

const duration = 'moorage_http_request_duration_seconds';
const manifests = '/v2/:name/manifests/:reference';

const answered = (part: Partial<MeteredRequest> = {}): MeteredRequest => ({
  ...{ status: 200, durationMs: 3, bytesIn: 0, bytesOut: 10, repository: undefined, isMirrored: false },
  ...part,
});

const valuesOf = (counts: RequestCounts, name: string): readonly Sample[] =>
  counts.families().find((family) => family.name === name)?.values ?? [];

describe('requests', () => {
  it('are counted by method, route and status, with their bytes', () => {
    const counts = new RequestCounts(undefined);
    const get = counts.meterOf('GET', manifests);
    get.answered(answered());
    get.answered(answered({ durationMs: 40 }));
    get.answered(answered({ status: 404, bytesOut: 7 }));
    counts.meterOf('PUT', manifests).answered(answered({ status: 201, bytesIn: 500, bytesOut: 0 }));
    const counted = valuesOf(counts, duration).filter(({ metricName }) => metricName === `${duration}_count`);
    expect(counted.map(({ labels, value }) => [labels.method, labels.route, labels.status, value])).toEqual([
      ['GET', manifests, 200, 2],
      ['GET', manifests, 404, 1],
      ['PUT', manifests, 201, 1],
    ]);
    const below = (le: number) =>
      valuesOf(counts, duration).find(({ labels }) => labels.le === le && labels.status === 200)?.value;
    expect([below(0.0025), below(0.005), below(0.05)]).toEqual([0, 1, 2]);
    expect(valuesOf(counts, 'moorage_http_response_bytes_total').map(({ value }) => value)).toEqual([27]);
    expect(valuesOf(counts, 'moorage_http_request_bytes_total')).toEqual([
      { labels: { method: 'PUT', route: manifests }, value: 500 },
    ]);
  });

  it('to what is no endpoint are one value, by whatever method', () => {
    const counts = new RequestCounts(undefined);
    for (const method of ['GET', 'PROPFIND', 'BREW', 'MKCOL']) {
      for (let at = 0; at < 100; at += 1) counts.meterOf(method, undefined).answered(answered({ status: 404 }));
    }
    const routes = valuesOf(counts, duration).filter(({ metricName }) => metricName === `${duration}_count`);
    expect(routes.map(({ labels, value }) => [labels.method, labels.route, value])).toEqual([
      ['GET', 'unknown', 100],
      ['other', 'unknown', 300],
    ]);
  });

  it('are counted for mirrors by status', () => {
    const counts = new RequestCounts(undefined);
    const get = counts.meterOf('GET', manifests);
    for (const status of [200, 200, 404]) get.answered(answered({ status, isMirrored: true }));
    get.answered(answered());
    expect(valuesOf(counts, 'moorage_mirror_requests_total')).toEqual([
      { labels: { status: 200 }, value: 2 },
      { labels: { status: 404 }, value: 1 },
    ]);
  });
});

describe('requests of a repository', () => {
  const name = 'moorage_repository_requests_total';

  it('are not counted unless somebody asks for it', () => {
    const counts = new RequestCounts(undefined);
    counts.meterOf('GET', manifests).answered(answered({ repository: 'a' as RepositoryName }));
    expect(JSON.stringify(counts.families())).not.toContain('repository');
  });

  it('are counted for so many, and the rest together; not where they led to nothing', () => {
    const counts = new RequestCounts(new RepositoryCounts(2));
    const get = counts.meterOf('GET', manifests);
    const ask = (repository: string, status = 200) =>
      get.answered(answered({ repository: repository as RepositoryName, status }));
    ask('made-up', 404);
    for (const each of ['a', 'b', 'c', 'd', 'a', 'other']) ask(each);
    expect(valuesOf(counts, name)).toEqual([
      { labels: { repository: 'a', method: 'GET' }, value: 2 },
      { labels: { repository: 'b', method: 'GET' }, value: 1 },
      { labels: { repository: '(other)', method: 'GET' }, value: 3 },
    ]);
  });

  it('have a thousand names at most', () => {
    const counts = new RepositoryCounts();
    for (let at = 0; at < 5_000; at += 1) counts.count(`team/app-${at}` as RepositoryName, 'GET');
    const { values } = counts.family();
    expect(values).toHaveLength(1_001);
    expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(5_000);
  });
});
