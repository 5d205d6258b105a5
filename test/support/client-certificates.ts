// Certificates of clients, and CAs of CAs, for tests: with whatever subject, alternative names, purpose and age a test needs.
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { issuingKeyOf, newKey } from '../../src/tls/issue/issuing-key.ts';
import { dayMs, type MadePair } from './certificates.ts';

export interface ClientOptions {
  /** As RFC 4514 writes it; default: `CN=anna`. */
  readonly subject?: x509.JsonName;
  readonly alternatives?: readonly x509.JsonGeneralName[];
  readonly purpose?: 'client' | 'server' | 'authority';
  /** Default: from yesterday on. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Signed by `issuer`, or by itself. */
export async function makeClient(issuer: MadePair | undefined, options: ClientOptions = {}): Promise<MadePair> {
  const key = newKey();
  const own = await issuingKeyOf(key);
  const signer = issuer === undefined ? own : await issuingKeyOf(issuer.key);
  const subject = options.subject ?? [{ CN: ['anna'] }];
  const purpose = options.purpose ?? 'client';
  const usages = {
    client: [x509.ExtendedKeyUsage.clientAuth],
    server: [x509.ExtendedKeyUsage.serverAuth],
    authority: [],
  };
  const made = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer === undefined ? subject : new x509.X509Certificate(issuer.certificate).subjectName,
    notBefore: new Date(options.fromMs ?? Date.now() - dayMs),
    notAfter: new Date(options.untilMs ?? Date.now() + dayMs),
    signingAlgorithm: signer.algorithm,
    signingKey: signer.privateKey,
    publicKey: own.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(purpose === 'authority', undefined, true),
      ...(usages[purpose].length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(usages[purpose])]),
      ...(options.alternatives === undefined
        ? []
        : [new x509.SubjectAlternativeNameExtension([...options.alternatives])]),
    ],
  });
  return { certificate: new X509Certificate(made.toString('pem')).toString(), key };
}
