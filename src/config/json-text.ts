// JSON in a variable of the environment, for settings that are lists or sections in the file. Undefined for what is none: the problem
// says what to write, whatever is wrong with the text.

export function jsonList(text: string): readonly unknown[] | undefined {
  const json = parsed(text);
  return Array.isArray(json) ? json : undefined;
}

export function jsonSection(text: string): object | undefined {
  const json = parsed(text);
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off, or no JSON at all.
    return undefined;
  }
}
