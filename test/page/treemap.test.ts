// Areas of the treemap: in proportion, within the whole, and none over another.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { treemap } from '../../page/treemap.ts';

it('fills the whole in proportion, without overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 40 }), (weights) => {
      const [width, height] = [1000, 420];
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const areas = treemap(
        weights.map((weight) => ({ weight })),
        width,
        height,
      );
      expect(areas.length).toBe(weights.filter((weight) => weight > 0).length);
      for (const [at, { item, x, y, width: across, height: down }] of areas.entries()) {
        expect(across * down).toBeCloseTo((item.weight / total) * width * height, 2);
        expect(Math.min(x, y)).toBeGreaterThan(-1e-3);
        expect(x + across).toBeLessThan(width + 1e-3);
        expect(y + down).toBeLessThan(height + 1e-3);
        for (const other of areas.slice(at + 1)) {
          const wide = Math.min(x + across, other.x + other.width) - Math.max(x, other.x);
          const high = Math.min(y + down, other.y + other.height) - Math.max(y, other.y);
          expect(Math.min(wide, high)).toBeLessThan(1e-3);
        }
      }
    }),
    { numRuns: 100 },
  );
});
