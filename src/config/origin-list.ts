// Origins of web pages, as they are written: a list in the file, commas in the environment.

/** In an answer and in a setting: pages of every origin. */
export const everyOrigin = '*';

/** Each as browsers send it in Origin: no path, and no port that goes without saying. Undefined where one is none. */
export function parseOriginList(written: string | readonly string[]): readonly string[] | undefined {
  const words = typeof written === 'string' ? written.split(',') : written;
  const texts = words.map((word) => word.trim()).filter((word) => word !== '');
  const origins = texts.flatMap((text) => parseOrigin(text) ?? []);
  return texts.length > 0 && origins.length === texts.length ? [...new Set(origins)] : undefined;
}

function parseOrigin(text: string): string | undefined {
  if (text === everyOrigin) return text;
  const isPlain = /^https?:\/\/[^/?#@*\s]+\/?$/i.test(text);
  return isPlain && URL.canParse(text) ? new URL(text).origin : undefined;
}
