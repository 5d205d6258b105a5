// One request to an endpoint: the body in its format, and a signature over it.
import { createHmac } from 'node:crypto';
import { cloudEventOf } from './cloud-event.ts';
import { distributionEnvelopeOf, distributionEventsType } from './distribution-events.ts';
import type { EventEndpoint } from './endpoint.ts';
import type { RegistryEvent } from './registry-event.ts';

export interface EventMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** CloudEvents in structured mode (CloudEvents HTTP binding 1.0.2, 3.2). */
const cloudEventType = 'application/cloudevents+json; charset=utf-8';

export interface MessageParts {
  readonly secret: string | undefined;
  readonly authorization: string | undefined;
  /** Of this machine. */
  readonly host: string;
  readonly nowMs: number;
}

/** Undefined where the format has no word for what happened. */
export function messageOf(
  event: RegistryEvent,
  format: EventEndpoint['format'],
  { secret, authorization, host, nowMs }: MessageParts,
): EventMessage | undefined {
  const json = format === 'cloudevents' ? cloudEventOf(event, host) : distributionEnvelopeOf(event, host);
  if (json === undefined) return undefined;
  const body = JSON.stringify(json);
  const contentType = format === 'cloudevents' ? cloudEventType : distributionEventsType;
  const signed = secret === undefined ? {} : signatures(event.id, body, { secret, nowMs });
  const authorized = authorization === undefined ? {} : { Authorization: authorization };
  return { headers: { 'Content-Type': contentType, ...authorized, ...signed }, body };
}

/**
 * As Standard Webhooks has it (id, time and body, so that nobody can send it again later), and as flux' receivers of the type `generic-hmac`
 * ask for it (the body alone).
 */
function signatures(
  id: string,
  body: string,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const keyed = (text: string) => createHmac('sha256', secret).update(text);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${keyed(`${id}.${timestamp}.${body}`).digest('base64')}`,
    'X-Signature': `sha256=${keyed(body).digest('hex')}`,
  };
}
