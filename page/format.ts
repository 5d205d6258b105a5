// Sizes, times and digests as people read them.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** `3 days ago`; nothing for what is no time. */
export function ageText(time: string | undefined, nowMs: number = Date.now()): string {
  const atMs = Date.parse(time ?? '');
  if (Number.isNaN(atMs)) return '';
  const passed = nowMs - atMs;
  for (const [unit, ms] of steps) {
    if (Math.abs(passed) >= ms) {
      return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-Math.round(passed / ms), unit);
    }
  }
  return 'just now';
}

/** The first digits: enough to tell digests of one list apart. */
export function shortDigest(digest: string): string {
  const [algorithm = '', encoded = ''] = digest.split(':');
  return encoded === '' ? digest : `${algorithm}:${encoded.slice(0, 12)}`;
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
