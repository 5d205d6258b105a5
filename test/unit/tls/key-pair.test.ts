// What is taken for a certificate and its key, and what is said of what is not.
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseKeyPair } from '../../../src/tls/key-pair.ts';
import { makeAuthority } from '../../support/certificates.ts';

const authority = await makeAuthority();
const { certificate, key } = await authority.server({ names: ['reg.example'] });
const other = await authority.server();

function parse(certificateText: string | Uint8Array, keyText: string | Uint8Array) {
  return parseKeyPair(Buffer.from(certificateText), Buffer.from(keyText));
}

it('takes a certificate alone, a chain, and text around the blocks', () => {
  expect(parse(certificate, key)).toMatchObject({ certificate, key });
  expect(parse(`${certificate}${authority.certificate}`, key)).toMatchObject({
    certificate: `${certificate}${authority.certificate}`,
  });
  expect(parse(`subject: CN=a-b\n${certificate}bye`, `Bag Attributes\n${key}`)).toMatchObject({ certificate, key });
});

it('takes both from one file, and shows clients none of the key', () => {
  const both = `${key}${certificate}`;
  expect(parse(both, both)).toMatchObject({ certificate, key });
});

it('takes keys in the older forms', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  expect(publicKey.type).toBe('public');
  const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  expect(parse(certificate, pkcs1)).toEqual({ at: 'key', reason: 'the key is not that of the certificate' });
});

it('says what is wrong, of which file, and nothing of what is in it', () => {
  const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'planted-secret' };
  const pkcs8 = encrypted.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString();
  const sec1 = encrypted.export({ type: 'sec1', format: 'pem', ...cipher }).toString();
  const noKey = 'it holds no PEM private key (-----BEGIN PRIVATE KEY-----)';
  const noCertificate = 'it holds no PEM certificate (-----BEGIN CERTIFICATE-----)';
  expect(parse('', key)).toEqual({ at: 'certificate', reason: noCertificate });
  expect(parse(key, key)).toEqual({ at: 'certificate', reason: noCertificate });
  expect(parse(Buffer.from([0x30, 0x82, 0xff, 0]), key)).toEqual({ at: 'certificate', reason: noCertificate });
  expect(parse(certificate, certificate)).toEqual({ at: 'key', reason: noKey });
  expect(parse(certificate, '')).toEqual({ at: 'key', reason: noKey });
  expect(parse(certificate, other.key)).toEqual({ at: 'key', reason: 'the key is not that of the certificate' });
  for (const text of [pkcs8, sec1]) {
    expect(parse(certificate, text)).toMatchObject({
      at: 'key',
      reason: expect.stringMatching(/^the key is encrypted/),
    });
  }
  const damagedKey = key.replace(/\n[^-]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  expect(parse(certificate, damagedKey)).toEqual({ at: 'key', reason: 'the private key in it is damaged' });
  const damaged = authority.certificate.replace(/\n[^-]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  expect(parse(`${certificate}${damaged}`, key)).toEqual({
    at: 'certificate',
    reason: 'certificate 2 in it is damaged',
  });
});

it('says when the certificates stand in the wrong order', () => {
  expect(parse(`${authority.certificate}${certificate}`, key)).toEqual({
    at: 'key',
    reason: "the key is that of certificate 2 in the file of certificates; the server's own comes first",
  });
});
