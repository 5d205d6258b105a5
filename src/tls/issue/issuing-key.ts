// Keys that sign certificates, between PEM and Web Crypto, which the library that makes certificates works with.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import type { IssuingKey } from './certificates.ts';

/** PKCS #8, PEM: the curve that every client and every browser knows. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Throws for what is no PEM key of a kind that signs certificates. */
export async function issuingKeyOf(pem: string): Promise<IssuingKey> {
  const privateKey = createPrivateKey(pem);
  const algorithm = algorithmOf(privateKey);
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const { subtle } = webcrypto;
  return {
    algorithm,
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): IssuingKey['algorithm'] {
  const namedCurve = curves[details?.namedCurve ?? ''];
  if (type === 'ec' && namedCurve !== undefined) return { name: 'ECDSA', namedCurve, hash: 'SHA-256' };
  if (type === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  throw new Error(`keys of the kind ${type} sign no certificates here`);
}
