// Values with units as people write them in a configuration: "30s", "24h", "100MiB", and modes of files: "0644".

const millisecondsOf: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Ten years. */
export const longestDurationMs = 3_653 * 86_400_000;

const bytesOf: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

const quantity = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/;

/** Milliseconds of "250ms", "30s", "15m", "24h", "7d", "4w" or "2y" of 365 days; undefined when it is none of these. "0" is none. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, millisecondsOf);
}

/** Bytes of "512B", "100KiB", "8MiB", "1GiB" or, decimal, "100kB", "8MB", "1GB"; undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, bytesOf);
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = quantity.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const value = Math.round(Number(amount) * (units[unit] ?? Number.NaN));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A mode of files in octal digits, "0644" or "644"; undefined when it is none. */
export function parseMode(text: string): number | undefined {
  return /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
