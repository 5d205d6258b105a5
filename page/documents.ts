// What is attached to images, summed up: in-toto statements (also in a DSSE envelope), SPDX and CycloneDX lists of packages, any JSON.
import { type JsonObject, listOf, objectOf, objectsIn, parsedJson, stringOf } from './json.ts';

export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

export interface DocumentSummary {
  readonly kind: 'in-toto' | 'SPDX' | 'CycloneDX' | 'JSON' | 'text';
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly packages: readonly ListedPackage[];
  /** How many there are; the first of them are in `packages`. */
  readonly packageCount: number;
  /** Indented where it is JSON; cut where it is long. */
  readonly text: string;
}

const mostPackages = 200;
const mostText = 100_000;

/** Strangers wrote it: whatever it holds is text. */
export function summarizeDocument(content: string): DocumentSummary {
  const json = objectOf(parsedJson(content));
  if (json === undefined) return { ...summaryOf('text', [], []), text: cut(content) };
  const inner = objectOf(envelopeContent(json)) ?? json;
  const predicate = objectOf(inner.predicate);
  const list = [inner, predicate].find((each) => each?.spdxVersion !== undefined || each?.bomFormat !== undefined);
  const text = cut(JSON.stringify(inner, undefined, 2));
  const statement = statementFacts(inner);
  if (list?.spdxVersion !== undefined) {
    const facts = [['Format', list.spdxVersion] as const, ['Name', list.name] as const];
    return { ...summaryOf('SPDX', [...statement, ...facts], listOf(list.packages).map(spdxPackage)), text };
  }
  if (list?.bomFormat !== undefined) {
    const facts = [['Format', `CycloneDX ${stringOf(list.specVersion)}`] as const];
    return { ...summaryOf('CycloneDX', [...statement, ...facts], listOf(list.components).map(component)), text };
  }
  return { ...summaryOf(statement.length > 0 ? 'in-toto' : 'JSON', statement, []), text };
}

function summaryOf(
  kind: DocumentSummary['kind'],
  facts: readonly (readonly [string, unknown])[],
  packages: readonly ListedPackage[],
): Omit<DocumentSummary, 'text'> {
  return {
    kind,
    facts: facts.flatMap(([name, value]) => (stringOf(value) === '' ? [] : [[name, stringOf(value)] as const])),
    packages: packages.slice(0, mostPackages),
    packageCount: packages.length,
  };
}

/** What is signed, of a DSSE envelope or a bundle of sigstore that holds one. */
function envelopeContent(json: JsonObject): unknown {
  const envelope = objectOf(json.dsseEnvelope) ?? json;
  if (typeof envelope.payload !== 'string' || typeof envelope.payloadType !== 'string') return undefined;
  try {
    const bytes = Uint8Array.from(atob(envelope.payload), (character) => character.charCodeAt(0));
    return parsedJson(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function statementFacts(json: JsonObject): readonly (readonly [string, unknown])[] {
  if (typeof json.predicateType !== 'string') return [];
  const subjects = objectsIn(json.subject);
  const predicate = objectOf(json.predicate) ?? {};
  const definition = objectOf(predicate.buildDefinition) ?? predicate;
  const builder = objectOf(objectOf(predicate.runDetails)?.builder) ?? objectOf(predicate.builder);
  return [
    ['Predicate', json.predicateType],
    ['Subjects', subjects.map(({ name }) => stringOf(name)).join(', ')],
    ['Build type', definition.buildType],
    ['Builder', builder?.id],
  ];
}

function spdxPackage(value: unknown): ListedPackage {
  const json = objectOf(value) ?? {};
  const licence = [json.licenseConcluded, json.licenseDeclared]
    .map(stringOf)
    .find((each) => !/^(?:NOASSERTION)?$/.test(each));
  return { name: stringOf(json.name), version: stringOf(json.versionInfo), licence: licence ?? '' };
}

function component(value: unknown): ListedPackage {
  const json = objectOf(value) ?? {};
  const licences = listOf(json.licenses).map((each) => {
    const licence = objectOf(objectOf(each)?.license) ?? {};
    return stringOf(licence.id) || stringOf(licence.name) || stringOf(objectOf(each)?.expression);
  });
  return { name: stringOf(json.name), version: stringOf(json.version), licence: licences.join(', ') };
}

function cut(text: string): string {
  return text.length > mostText ? `${text.slice(0, mostText)}\n... (${text.length - mostText} characters more)` : text;
}
