// Reading the spec's error envelope.
import { expect } from 'vitest';

export interface AnyAnswer {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** The codes of an error answer; fails unless the body is exactly the envelope (distribution-spec, Error Codes). */
export function codesOf({ headers, body }: AnyAnswer): readonly string[] {
  expect(headers['content-type']).toBe('application/json');
  expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
  const envelope = JSON.parse(body) as { errors: { code: string; message: string; detail?: string }[] };
  expect(Object.keys(envelope)).toEqual(['errors']);
  for (const { code, message, detail, ...rest } of envelope.errors) {
    expect(code).toMatch(/^[A-Z_]+$/);
    expect(message).toBeTypeOf('string');
    expect(['string', 'undefined']).toContain(typeof detail);
    expect(rest).toEqual({});
  }
  return envelope.errors.map(({ code }) => code);
}
