// What an endpoint is sent: read as those read it who wrote receivers for it.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/events/message.ts';
import type { RegistryEvent } from '../../../src/events/registry-event.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const before = `sha256:${'b'.repeat(64)}`;
const content = { digest, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 555 };
const by = {
  user: 'anna',
  address: '192.0.2.7',
  userAgent: 'oras/1.3.3',
  method: 'PUT',
  base: 'https://registry.example:5000',
};
const happened = { id: 'd83e8796', atMs: Date.UTC(2026, 3, 1, 12), repository: 'team/app', by };
const push: RegistryEvent = { ...happened, type: 'push', content, tags: ['v1', 'latest'], how: 'push' };
const unknown = { secret: undefined, authorization: undefined, host: 'site-7', nowMs: Date.UTC(2026, 3, 1, 13) };

function jsonOf(event: RegistryEvent, format: 'cloudevents' | 'distribution') {
  const message = messageOf(event, format, unknown);
  return message === undefined ? undefined : JSON.parse(message.body);
}

describe('as a CloudEvent', () => {
  it('has every attribute that version 1.0 requires, and what happened as data', () => {
    const message = messageOf(push, 'cloudevents', unknown);
    expect(message?.headers).toEqual({ 'Content-Type': 'application/cloudevents+json; charset=utf-8' });
    expect(JSON.parse(message?.body ?? '')).toEqual({
      specversion: '1.0',
      id: 'd83e8796',
      source: '//site-7/v2/team/app',
      type: 'io.moorage.manifest.pushed',
      subject: digest,
      time: '2026-04-01T12:00:00.000Z',
      datacontenttype: 'application/json',
      data: { repository: 'team/app', ...content, tags: ['v1', 'latest'], how: 'push', by },
    });
  });

  it.each<[string, RegistryEvent, object]>([
    [
      'io.moorage.tag.moved',
      { ...happened, type: 'tag', tag: 'v1', how: 'foreign', from: undefined, to: content, by: undefined },
      { subject: 'v1', data: { repository: 'team/app', tag: 'v1', how: 'foreign', from: null, to: content } },
    ],
    [
      'io.moorage.manifest.deleted',
      { ...happened, type: 'delete', of: 'manifest', content, how: 'retention', by: undefined },
      { subject: digest, data: { repository: 'team/app', ...content, how: 'retention' } },
    ],
    [
      'io.moorage.blob.deleted',
      { ...happened, type: 'delete', of: 'blob', content, how: 'delete', by: undefined },
      { subject: digest },
    ],
    [
      'io.moorage.blob.mounted',
      { ...happened, type: 'mount', content, from: 'team/base', by: undefined },
      { subject: digest, data: { repository: 'team/app', ...content, from: 'team/base' } },
    ],
    [
      'io.moorage.collection.ended',
      { id: '1', atMs: 0, type: 'collection', mount: '', freedBytes: 70, tookMs: 12.4 },
      { source: '//site-7/', data: { mount: '', freedBytes: 70, tookMs: 12 } },
    ],
  ])('%s', (type, event, expected) => {
    expect(jsonOf(event, 'cloudevents')).toMatchObject({ type, ...expected });
  });
});

describe('in the format of distribution', () => {
  /** As Keel's receiver reads it (pkg/http/registry_notifications.go): the image of each push that has a tag. */
  function imagesFor(envelope: {
    events: { action: string; target: Record<string, string>; request: { host: string } }[];
  }) {
    return envelope.events
      .filter(({ action, target }) => action === 'push' && target.tag !== undefined && target.tag !== '')
      .map(({ target, request }) => `${request.host}/${target.repository}:${target.tag}@${target.digest}`);
  }

  it('tells of a push under each of its tags', () => {
    const message = messageOf(push, 'distribution', unknown);
    expect(message?.headers['Content-Type']).toBe('application/vnd.docker.distribution.events.v2+json');
    const envelope = JSON.parse(message?.body ?? '');
    expect(imagesFor(envelope)).toEqual([
      `registry.example:5000/team/app:v1@${digest}`,
      `registry.example:5000/team/app:latest@${digest}`,
    ]);
    expect(envelope.events[0]).toEqual({
      id: 'd83e8796',
      timestamp: '2026-04-01T12:00:00.000Z',
      action: 'push',
      target: {
        ...content,
        length: 555,
        repository: 'team/app',
        url: `https://registry.example:5000/v2/team/app/manifests/${digest}`,
        tag: 'v1',
      },
      request: {
        id: 'd83e8796',
        addr: '192.0.2.7',
        host: 'registry.example:5000',
        method: 'PUT',
        useragent: 'oras/1.3.3',
      },
      actor: { name: 'anna' },
      source: { addr: 'site-7' },
    });
  });

  it('tells of a tag what a push does not tell already', () => {
    const moved = { ...happened, type: 'tag', tag: 'v1', from: { ...content, digest: before }, to: content } as const;
    expect(jsonOf({ ...moved, how: 'push' }, 'distribution')).toBeUndefined();
    expect(imagesFor(jsonOf({ ...moved, how: 'foreign' }, 'distribution'))).toHaveLength(1);
    expect(jsonOf({ ...moved, how: 'retention', to: undefined }, 'distribution').events).toEqual([
      expect.objectContaining({ action: 'delete', target: expect.objectContaining({ tag: 'v1', digest: before }) }),
    ]);
  });

  it('has no word for a collection', () => {
    const event = { id: '1', atMs: 0, type: 'collection', mount: '', freedBytes: 70, tookMs: 12 } as const;
    expect(jsonOf(event, 'distribution')).toBeUndefined();
  });

  it('calls the registry by the name of the machine where nobody asked for it', () => {
    const event: RegistryEvent = { ...happened, type: 'mount', content, from: 'team/base', by: undefined };
    const { target, request } = jsonOf(event, 'distribution').events[0];
    expect([target.url, target.fromRepository, request.host]).toEqual([undefined, 'team/base', 'site-7']);
  });
});

describe('signed', () => {
  const secret = 'not for everybody';
  const message = messageOf(push, 'cloudevents', { ...unknown, secret, authorization: 'Bearer token' });
  const { headers = {}, body = '' } = message ?? {};
  const keyed = (text: string) => createHmac('sha256', secret).update(text);

  it('holds for whoever checks it as Standard Webhooks says', () => {
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${keyed(signed).digest('base64')}`);
    expect([headers['webhook-id'], headers['webhook-timestamp']]).toEqual(['d83e8796', '1775048400']);
  });

  it("holds for flux' generic-hmac receiver: the name of the hash, and the body's in hex", () => {
    const [hash, sum] = (headers['X-Signature'] ?? '').split('=');
    expect([hash, sum]).toEqual(['sha256', keyed(body).digest('hex')]);
  });

  it('says who sends it', () => {
    expect(headers.Authorization).toBe('Bearer token');
  });
});
