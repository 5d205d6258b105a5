// Buckets as Prometheus reads them: each holds what lies at or below its bound, and those before it.
import { expect, it } from 'vitest';
import { Distribution } from '../../../src/metrics/distribution.ts';

it('counts what lies at or below each bound, and all of it', () => {
  const distribution = new Distribution([1, 2, 4]);
  for (const value of [0, 1, 1.5, 2, 3, 100]) distribution.observe(value);
  const samples = distribution.samples('x', { route: 'r' });
  expect(samples.map(({ metricName, labels, value }) => [metricName, labels.le, value])).toEqual([
    ['x_bucket', 1, 2],
    ['x_bucket', 2, 4],
    ['x_bucket', 4, 5],
    ['x_bucket', '+Inf', 6],
    ['x_sum', undefined, 107.5],
    ['x_count', undefined, 6],
  ]);
  expect(samples.every(({ labels }) => labels.route === 'r')).toBe(true);
});

it('has every bucket before anything was observed', () => {
  expect(new Distribution([1]).samples('x', {}).map(({ value }) => value)).toEqual([0, 0, 0, 0]);
});
