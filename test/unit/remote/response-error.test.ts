// What becomes of an answer that refuses something.
import { describe, expect, it } from 'vitest';
import { HttpAnswer, StallWatch } from '../../../src/remote/http-answer.ts';
import { refusalOf } from '../../../src/remote/response-error.ts';

function refused(status: number, body: string, type?: string) {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
  const url = new URL('http://localhost/');
  const answer = new HttpAnswer(new Response(body, { status, headers }), url, new StallWatch(10_000));
  return refusalOf(answer, { sought: 'host/app:v1', unknown: 'MANIFEST_UNKNOWN' });
}

const envelope = (code: string, message: string) => JSON.stringify({ errors: [{ code, message, detail: {} }] });

describe('refusalOf', () => {
  it.each([
    [401, envelope('UNAUTHORIZED', 'who are you'), 'UNAUTHORIZED', 'host/app:v1, HTTP 401 (who are you)'],
    [403, envelope('DENIED', 'not you'), 'DENIED', 'host/app:v1, HTTP 403 (not you)'],
    [404, envelope('NAME_UNKNOWN', 'no'), 'NAME_UNKNOWN', 'host/app:v1 (no)'],
    [404, envelope('NOT_FOUND', ''), 'MANIFEST_UNKNOWN', 'host/app:v1'],
    // A code that contradicts the status is not believed.
    [404, envelope('UNAUTHORIZED', 'x'), 'MANIFEST_UNKNOWN', 'host/app:v1 (x)'],
    [405, '', 'UNSUPPORTED', 'HTTP 405'],
    [501, '', 'UNSUPPORTED', 'HTTP 501'],
    [429, envelope('TOOMANYREQUESTS', 'slow'), 'TOOMANYREQUESTS', '(slow)'],
    [503, '', 'UNAVAILABLE', 'HTTP 503'],
    [400, '', 'UNKNOWN', 'the registry gave an unexpected answer: host/app:v1, HTTP 400'],
    [418, '{"errors":[null]}', 'UNKNOWN', 'HTTP 418'],
    [418, '{"errors":{}}', 'UNKNOWN', 'HTTP 418'],
  ])('%d %s is %s', async (status, body, code, message) => {
    const refusal = await refused(status, body, 'application/json');
    expect(refusal).toMatchObject({ code, status });
    expect(refusal.message).toContain(message);
  });

  it('quotes plain text, and no page', async () => {
    const text = 'Client sent an HTTP request to an HTTPS server.\n';
    expect((await refused(400, text, 'text/plain; charset=utf-8')).message).toContain(`(${text.trim()})`);
    expect((await refused(400, '<html>hello</html>', 'text/html')).message).not.toContain('hello');
  });

  it('quotes no more than a line, and no control characters', async () => {
    const { message } = await refused(400, `\x1b[2J${'x'.repeat(100_000)}`, 'text/plain');
    expect(message).not.toContain('\x1b');
    expect((await refused(403, envelope('DENIED', `\x1b[2J${'x'.repeat(1000)}`))).message.length).toBeLessThan(500);
  });
});
