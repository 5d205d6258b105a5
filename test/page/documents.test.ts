// Summaries of what is attached to images.
import { describe, expect, it } from 'vitest';
import { summarizeDocument } from '../../page/documents.ts';

const text = (value: unknown) => JSON.stringify(value);
const statement = {
  ...{ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1' },
  subject: [{ name: 'app', digest: { sha256: '00' } }],
  predicate: { buildDefinition: { buildType: 'make' }, runDetails: { builder: { id: 'me' } } },
};
const spdx = {
  ...{ spdxVersion: 'SPDX-2.3', name: 'app' },
  packages: [
    { name: 'openssl', versionInfo: '3.0', licenseConcluded: 'NOASSERTION', licenseDeclared: 'Apache-2.0' },
    { name: 'zlib' },
  ],
};

describe('a document', () => {
  it('of in-toto is told by its predicate, also in an envelope and in a bundle', () => {
    const payload = Buffer.from(text(statement)).toString('base64');
    const envelope = { payloadType: 'application/vnd.in-toto+json', payload, signatures: [] };
    for (const each of [statement, envelope, { dsseEnvelope: envelope }]) {
      const { kind, facts } = summarizeDocument(text(each));
      expect(kind).toBe('in-toto');
      expect(facts).toEqual([
        ['Predicate', 'https://slsa.dev/provenance/v1'],
        ['Subjects', 'app'],
        ['Build type', 'make'],
        ['Builder', 'me'],
      ]);
    }
  });

  it('of SPDX lists packages, alone or as the predicate of a statement', () => {
    for (const each of [spdx, { ...statement, predicateType: 'https://spdx.dev/Document', predicate: spdx }]) {
      const { kind, packages, packageCount } = summarizeDocument(text(each));
      expect([kind, packageCount]).toEqual(['SPDX', 2]);
      expect(packages).toEqual([
        { name: 'openssl', version: '3.0', licence: 'Apache-2.0' },
        { name: 'zlib', version: '', licence: '' },
      ]);
    }
  });

  it('of CycloneDX lists components', () => {
    const licenses = [{ license: { id: 'MIT' } }, { expression: 'BSD-3-Clause OR ISC' }];
    const components = Array.from({ length: 300 }, (_, at) => ({ name: `c${at}`, version: '1', licenses }));
    const summary = summarizeDocument(text({ bomFormat: 'CycloneDX', specVersion: '1.6', components }));
    expect([summary.kind, summary.packageCount, summary.packages.length]).toEqual(['CycloneDX', 300, 200]);
    expect(summary.packages[0]).toEqual({ name: 'c0', version: '1', licence: 'MIT, BSD-3-Clause OR ISC' });
  });

  it('that is anything else is text', () => {
    expect(summarizeDocument('plain')).toMatchObject({ kind: 'text', text: 'plain', packages: [] });
    expect(summarizeDocument('{"payload":"%","payloadType":"x"}')).toMatchObject({ kind: 'JSON' });
    expect(summarizeDocument(text({ packages: 'x', spdxVersion: 7 }))).toMatchObject({ packageCount: 0 });
    expect(summarizeDocument('x'.repeat(200_000)).text).toMatch(
      / \(100000 characters more\)$|\.\.\. \(100000 characters more\)$/,
    );
  });
});
