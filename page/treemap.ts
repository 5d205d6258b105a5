// Areas in proportion, as nearly square as they can be (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000).

export interface Weighted {
  readonly weight: number;
}

export interface Area<Item> {
  readonly item: Item;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The largest first, from the top left; what weighs nothing has no area. */
export function treemap<Item extends Weighted>(
  items: readonly Item[],
  width: number,
  height: number,
): readonly Area<Item>[] {
  const heavy = items.filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight);
  const total = heavy.reduce((sum, { weight }) => sum + weight, 0);
  const scale = (width * height) / total;
  const left: Rectangle = { x: 0, y: 0, width, height };
  const areas: Area<Item>[] = [];
  for (let at = 0; at < heavy.length; ) {
    const side = Math.min(left.width, left.height);
    let end = at + 1;
    while (
      end < heavy.length &&
      worst(heavy.slice(at, end + 1), side, scale) <= worst(heavy.slice(at, end), side, scale)
    )
      end += 1;
    areas.push(...laidOut(heavy.slice(at, end), left, scale));
    at = end;
  }
  return areas;
}

/** How far from a square the worst of a row is. */
function worst(row: readonly Weighted[], side: number, scale: number): number {
  const sum = row.reduce((total, { weight }) => total + weight, 0) * scale;
  const areas = row.map(({ weight }) => weight * scale);
  const [most, least] = [Math.max(...areas), Math.min(...areas)];
  return Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
}

/** Along the shorter side; `left` is what remains afterwards. */
function laidOut<Item extends Weighted>(row: readonly Item[], left: Rectangle, scale: number): readonly Area<Item>[] {
  const sum = row.reduce((total, { weight }) => total + weight, 0) * scale;
  const isUpright = left.width >= left.height;
  const thickness = sum / (isUpright ? left.height : left.width);
  let offset = 0;
  const areas = row.map((item) => {
    const length = (item.weight * scale) / thickness;
    const area = isUpright
      ? { item, x: left.x, y: left.y + offset, width: thickness, height: length }
      : { item, x: left.x + offset, y: left.y, width: length, height: thickness };
    offset += length;
    return area;
  });
  if (isUpright) {
    left.x += thickness;
    left.width -= thickness;
  } else {
    left.y += thickness;
    left.height -= thickness;
  }
  return areas;
}
