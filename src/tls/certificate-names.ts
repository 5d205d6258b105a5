// What a certificate says of its subject: attributes of the name, and alternative names. These are read from Node's text of them, whose
// escapes keep one value from posing as two (CVE-2021-44532).
import type { X509Certificate } from 'node:crypto';

export interface CertificateNames {
  /** Values of each attribute, by its short name: CN, O, OU, ... */
  readonly subject: ReadonlyMap<string, readonly string[]>;
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly string[];
}

export function namesOf(certificate: X509Certificate): CertificateNames {
  const alternatives = alternativesIn(certificate.subjectAltName ?? '');
  const valuesOf = (type: string) => alternatives.flatMap((each) => (each.type === type ? [each.value] : []));
  return {
    subject: attributesIn(certificate),
    dns: valuesOf('DNS').map((name) => name.toLowerCase()),
    uri: valuesOf('URI'),
    email: valuesOf('email'),
  };
}

/** As Node takes it apart, which keeps one value from posing as two attributes. */
function attributesIn(certificate: X509Certificate): ReadonlyMap<string, readonly string[]> {
  const { subject } = certificate.toLegacyObject();
  return new Map(Object.entries(subject ?? {}).map(([name, value]) => [name, [value ?? []].flat()]));
}

interface AlternativeName {
  readonly type: string;
  readonly value: string;
}

const alternative = /(?:^|, )([A-Za-z][\w ]*):("(?:[^"\\]|\\.)*"|[^,"]*)/gy;

/** What holds a comma or a quotation mark is written as JSON. Of text that is not understood to its end nothing counts. */
function alternativesIn(text: string): readonly AlternativeName[] {
  const found: AlternativeName[] = [];
  let end = 0;
  for (const [whole, type = '', value = ''] of text.matchAll(alternative)) {
    end += whole.length;
    found.push({ type, value: value.startsWith('"') ? String(JSON.parse(value)) : value });
  }
  return end === text.length ? found : [];
}
