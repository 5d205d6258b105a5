// By which of its names a certificate is told to clients: one that they can connect to and that it covers.
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** The first of `wanted` that the certificate covers; else its own first name that is no pattern; undefined without one. */
export function shownName(certificate: X509Certificate, wanted: readonly string[]): string | undefined {
  const names = alternativeNames(certificate).filter((name) => !name.includes('*'));
  return wanted.find((name) => covers(certificate, name)) ?? names.find((name) => !isLocal(name)) ?? names[0];
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

/** Names and addresses of `subjectAltName`, in its order, as Node writes them: `DNS:a.example, IP Address:10.0.0.1`. */
function alternativeNames({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address):([\w.*:-]+)/g)].map(([, name = '']) => name);
}

function isLocal(name: string): boolean {
  return name === 'localhost' || name === '::1' || name.startsWith('127.') || /^[0:]+1$/.test(name);
}
