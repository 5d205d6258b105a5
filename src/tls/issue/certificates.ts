// Makes certificates (RFC 5280): a CA, servers of it. The library is loaded only here, by the command that needs it.
import { randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import type { ServerName } from './server-names.ts';

export interface IssuingKey {
  readonly algorithm:
    | { readonly name: 'ECDSA'; readonly namedCurve: string; readonly hash: 'SHA-256' }
    | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: 'SHA-256' };
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
}

export interface IssuingAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly key: IssuingKey;
}

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
/** More is refused by Apple's clients, whoever the CA is. */
const serverDays = 825;
/** Clocks of clients may be behind. */
const backdatedMs = dayMs;

/** A certificate of its own CA. */
export async function issueAuthority(key: IssuingKey, name: string, nowMs: number): Promise<string> {
  const x509 = await loadLibrary();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: key.algorithm,
    keys: { privateKey: key.privateKey, publicKey: key.publicKey },
    extensions: [
      // No CA below it: what it signs are servers.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(key.publicKey),
    ],
  });
  return pemOf(certificate.toString('pem'));
}

export interface ServerRequest {
  /** At least one. */
  readonly names: readonly ServerName[];
  readonly publicKey: webcrypto.CryptoKey;
  readonly nowMs: number;
}

/** A certificate of a server; it ends with its CA at the latest. */
export async function issueServer({ certificate, key }: IssuingAuthority, request: ServerRequest): Promise<string> {
  const x509 = await loadLibrary();
  const issuer = new x509.X509Certificate(certificate);
  const untilMs = Math.min(request.nowMs - backdatedMs + serverDays * dayMs, issuer.notAfter.getTime());
  const issued = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subjectOf(request.names),
    issuer: issuer.subjectName,
    notBefore: new Date(request.nowMs - backdatedMs),
    notAfter: new Date(untilMs),
    signingAlgorithm: key.algorithm,
    signingKey: key.privateKey,
    publicKey: request.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(request.names.map(({ type, value }) => ({ type, value }))),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(key.publicKey),
    ],
  });
  return pemOf(issued.toString('pem'));
}

/** Clients look at the alternative names alone; this is for people. A common name has at most 64 characters (RFC 5280, A.1). */
function subjectOf([first]: readonly ServerName[]): { CN: string[] }[] {
  const longestCommonName = 64;
  const name = first?.value ?? '';
  return [{ CN: [name.length <= longestCommonName ? name : 'moorage'] }];
}

/** Random, positive and of at most 20 bytes (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** As OpenSSL writes it, with lines of 64 characters. */
function pemOf(pem: string): string {
  return new X509Certificate(pem).toString();
}

async function loadLibrary(): Promise<typeof import('@peculiar/x509')> {
  // The library registers what it consists of through it.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
