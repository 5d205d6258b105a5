// One request and what came back, kept whole so that a failed check can show both. No opinion on what is right.

export interface SentRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly bodyBytes: number;
  /** Sent to a moorage, whose chosen answers count: every error has the envelope and the code that was chosen for it. */
  readonly toMoorage: boolean;
}

/** Header lines as they arrived: repeated names stay apart, names are compared without case. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

export class Answer {
  readonly request: SentRequest;
  readonly status: number;
  readonly headerLines: HeaderLines;
  readonly body: Buffer;

  constructor(request: SentRequest, status: number, headerLines: HeaderLines, body: Buffer) {
    this.request = request;
    this.status = status;
    this.headerLines = headerLines;
    this.body = body;
  }

  /** Every line of that name, in order. */
  headers(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.headerLines.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** The lines of that name joined as RFC 9110 (section 5.2) allows; undefined when there is none. */
  header(name: string): string | undefined {
    const lines = this.headers(name);
    return lines.length === 0 ? undefined : lines.join(', ');
  }

  /** Throws a SyntaxError when the body is not JSON. */
  json(): unknown {
    return JSON.parse(this.body.toString('utf8'));
  }

  get isJson(): boolean {
    const type = (this.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    return type === 'application/json' || type.endsWith('+json');
  }
}

const shownBodyBytes = 400;

/** What a person needs to repeat the exchange and to see what was wrong with it. */
export function describeExchange(answer: Answer): string {
  const { request } = answer;
  const sent = Object.entries(request.headers).map(([name, value]) => `> ${name}: ${[value].flat().join(' | ')}`);
  const got = answer.headerLines.map(([name, value]) => `< ${name}: ${value}`);
  return [
    `> ${request.method} ${shorten(request.target)}`,
    ...sent.map(shorten),
    ...(request.bodyBytes > 0 ? [`> (${request.bodyBytes} bytes)`] : []),
    `< ${answer.status}`,
    ...got.map(shorten),
    ...(answer.body.length > 0 ? [`< ${shownBody(answer.body)}`] : []),
  ].join('\n');
}

function shownBody(body: Buffer): string {
  const text = body.subarray(0, shownBodyBytes).toString('utf8');
  const readable = !/[^\t\r\n\x20-\x7e]/.test(text);
  const rest = body.length > shownBodyBytes ? ` ... (${body.length} bytes)` : '';
  return readable ? text.trimEnd() + rest : `(${body.length} bytes)`;
}

function shorten(line: string): string {
  return line.length > 300 ? `${line.slice(0, 300)} ... (${line.length} characters)` : line;
}
