// A certificate with its private key, as they stand in PEM files. Pure: bytes in, a pair or the reason why it is none.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { isError } from '../oci/is-error.ts';
import { isEncrypted, pemBlocks } from './pem.ts';
import { type Lifetime, lifetimeOf } from './validity.ts';

export interface KeyPair {
  /** PEM: the server's own certificate, then those up to its CA. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  readonly own: X509Certificate;
  /** Of the whole chain. */
  readonly lifetime: Lifetime;
}

export interface KeyPairProblem {
  readonly at: 'certificate' | 'key';
  /** Goes on after the name of the file and a colon. */
  readonly reason: string;
}

export function parseKeyPair(certificateFile: Uint8Array, keyFile: Uint8Array): KeyPair | KeyPairProblem {
  const chain = parseCertificates(certificateFile);
  if ('reason' in chain) return { at: 'certificate', reason: chain.reason };
  const key = parseKey(keyFile);
  if ('reason' in key) return { at: 'key', reason: key.reason };
  const [own] = chain.certificates;
  if (!own.checkPrivateKey(key.object)) return { at: 'key', reason: whyNoFit(chain.certificates, key.object) };
  const problem = contextProblem({ cert: chain.pem, key: key.pem });
  if (problem !== undefined) return { at: 'certificate', reason: `it cannot be used: ${problem}` };
  return { certificate: chain.pem, key: key.pem, own, lifetime: lifetimeOf(chain.certificates) };
}

export interface Certificates {
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
  /** Without what else stood in the file. */
  readonly pem: string;
}

export function parseCertificates(file: Uint8Array): Certificates | { readonly reason: string } {
  const blocks = pemBlocks(textOf(file)).filter(({ label }) => label === 'CERTIFICATE');
  const certificates: X509Certificate[] = [];
  for (const [at, { text }] of blocks.entries()) {
    const certificate = attempt(() => new X509Certificate(text));
    if (certificate === undefined) return { reason: `certificate ${at + 1} in it is damaged` };
    certificates.push(certificate);
  }
  const [first, ...others] = certificates;
  if (first === undefined) return { reason: 'it holds no PEM certificate (-----BEGIN CERTIFICATE-----)' };
  return { certificates: [first, ...others], pem: `${blocks.map(({ text }) => text).join('\n')}\n` };
}

function parseKey(
  file: Uint8Array,
): { readonly object: KeyObject; readonly pem: string } | { readonly reason: string } {
  const block = pemBlocks(textOf(file)).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) return { reason: 'it holds no PEM private key (-----BEGIN PRIVATE KEY-----)' };
  if (isEncrypted(block)) {
    return {
      reason:
        'the key is encrypted, and nobody is there to type its passphrase; write it without one: openssl pkey -in FILE -out NEWFILE',
    };
  }
  const object = attempt(() => createPrivateKey(block.text));
  return object === undefined ? { reason: 'the private key in it is damaged' } : { object, pem: `${block.text}\n` };
}

function whyNoFit([, ...others]: readonly X509Certificate[], key: KeyObject): string {
  const at = others.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (at < 0) return 'the key is not that of the certificate';
  return `the key is that of certificate ${at + 2} in the file of certificates; the server's own comes first`;
}

/** What OpenSSL does not take besides: keys that are too short, signatures that are broken. Its words quote nothing of the files. */
export function contextProblem(options: SecureContextOptions): string | undefined {
  try {
    createSecureContext(options);
    return undefined;
  } catch (error) {
    return isError(error) ? error.message.replace(/^error:\w+:/, '') : 'for no reason that it gives';
  }
}

function textOf(file: Uint8Array): string {
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1');
}

/** Whatever OpenSSL says of bytes that are no key says nothing to whoever reads it. */
function attempt<Result>(parse: () => Result): Result | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
