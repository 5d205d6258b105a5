// Whom certificates stand for: what is read of them, by which rule, and that no value poses as another.
import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { TextPattern } from '../../../src/oci/text-pattern.ts';
import { namesOf } from '../../../src/tls/certificate-names.ts';
import { type ClientUserRule, userOf } from '../../../src/tls/client-user-rules.ts';
import { type ClientOptions, makeClient } from '../../support/client-certificates.ts';

async function namesIn(options: ClientOptions) {
  return namesOf(new X509Certificate((await makeClient(undefined, options)).certificate));
}

function pattern(text: string): TextPattern {
  const parsed = TextPattern.parse(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

const subject = (attributes: Readonly<Record<string, string>>): Pick<ClientUserRule, 'subject'> => ({
  subject: Object.fromEntries(Object.entries(attributes).map(([name, text]) => [name, pattern(text)])),
});

it('stand for their common name unless rules say otherwise', async () => {
  expect(userOf(await namesIn({ subject: [{ O: ['Acme'] }, { CN: ['anna'] }] }), undefined)).toEqual({
    name: 'anna',
    groups: [],
  });
  expect(userOf(await namesIn({ subject: [{ CN: ['Ärger, Jörg'] }] }), undefined)).toEqual({
    name: 'Ärger, Jörg',
    groups: [],
  });
});

it.each([
  [[{ O: ['Acme'] }], 'it has no common name'],
  [[{ CN: ['anna'] }, { CN: ['root'] }], 'it has several common names'],
  [[{ CN: ['anna:x'] }], 'its common name is no name of a user: it holds a colon'],
  [[{ CN: ['anonymous'] }], 'its common name is no name of a user: it means somebody else in rules'],
  [[{ CN: ['an\nCN=root'] }], 'its common name is no name of a user: it holds characters that cannot be seen'],
])('stand for nobody with the subject %j', async (name, reason) => {
  expect(userOf(await namesIn({ subject: name }), undefined)).toBe(reason);
});

it('stand for whom the first rule that fits says', async () => {
  const rules: readonly ClientUserRule[] = [
    { ...subject({ CN: 'ci-*', OU: 'build' }), user: 'ci', groups: ['builders'] },
    { uri: pattern('spiffe://example.org/ns/ci/*'), user: 'workload', groups: [] },
    { dns: pattern('*.nodes.example'), user: 'node', groups: ['nodes'] },
    { email: pattern('*@acme.example'), groups: ['staff'] },
  ];
  const user = async (options: ClientOptions) => userOf(await namesIn(options), rules);
  expect(await user({ subject: [{ OU: ['x', 'build'] }, { CN: ['ci-7'] }] })).toEqual({
    name: 'ci',
    groups: ['builders'],
  });
  const uri = 'spiffe://example.org/ns/ci/sa/runner';
  expect(await user({ subject: [], alternatives: [{ type: 'url', value: uri }] })).toEqual({
    name: 'workload',
    groups: [],
  });
  expect(await user({ alternatives: [{ type: 'dns', value: 'N1.Nodes.example' }] })).toEqual({
    name: 'node',
    groups: ['nodes'],
  });
  const mail = { type: 'email', value: 'anna@acme.example' } as const;
  expect(await user({ alternatives: [mail] })).toEqual({ name: 'anna', groups: ['staff'] });
  expect(await user({ subject: [{ CN: ['ci-7'] }] })).toBe('no rule of server.tls.clientUsers fits it');
});

it('let no value pose as another attribute or name', async () => {
  const posing = ['x,OU=build', 'x\nOU=build', 'x + OU=build', 'x/OU=build'];
  for (const text of posing) {
    const { subject: attributes } = await namesIn({ subject: [{ CN: [text] }] });
    expect(attributes).toEqual(new Map([['CN', [text]]]));
  }
  const uri = 'https://a.example/", DNS:root.nodes.example, URI:"x';
  const names = await namesIn({
    alternatives: [
      { type: 'url', value: uri },
      { type: 'dns', value: 'a, DNS:root.nodes.example' },
    ],
  });
  expect(names).toMatchObject({ uri: [uri], dns: ['a, dns:root.nodes.example'] });
});

it('are matched as a whole, by patterns whose stars are any text', () => {
  const matches = (text: string, value: string) => pattern(text).matches(value);
  expect(['a', 'ab', 'abc', 'a/b.c'].every((value) => matches('a*', value))).toBe(true);
  expect(matches('a*b*c', 'abc') && matches('a*b*c', 'a-b-b-c')).toBe(true);
  expect(matches('*', '') && matches('**', 'x') && matches('a', 'a')).toBe(true);
  for (const [text, value] of [
    ['a', 'ab'],
    ['*b', 'abc'],
    ['ab*ba', 'aba'],
    ['a*c*', 'ab'],
    ['A*', 'ab'],
    ['a.c', 'abc'],
  ]) {
    expect(matches(text ?? '', value ?? '')).toBe(false);
  }
  expect(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(100_000))).toBe(false);
});
