// One line of the log as text: time, level, message, and the other fields as name=value.
import { printableText } from '../oci/printable-text.ts';
import { isRequestLine, requestText } from './request-lines.ts';

/** From a JSON line as pino writes it. */
export function textLine(jsonLine: string): string {
  const { time, level, msg, error, ...fields } = JSON.parse(jsonLine) as Record<string, unknown>;
  const said = isRequestLine(msg, fields)
    ? requestText(fields)
    : [msg, ...Object.entries(fields).map(fieldText)].join(' ');
  return `${clock(time)} ${String(level).toUpperCase().padEnd(5)} ${printableText(said)}\n${errorText(error)}`;
}

/** The local time of day: a terminal shows the log as it happens. */
function clock(time: unknown): string {
  const date = new Date(String(time));
  const digits = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${digits.join(':')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function fieldText([name, value]: [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `${name}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(value)}`;
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const lines = String(stack ?? message).split('\n');
  return lines.map((line) => `  ${printableText(line)}\n`).join('');
}
