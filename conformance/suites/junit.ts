// Reads junit.xml as the official suites write it: test suites with counts, test cases with a status attribute. No
// general XML reader; what it cannot make sense of is an error, never a pass.

export interface JunitTestCase {
  readonly name: string;
  readonly status: string;
}

export interface JunitReport {
  /** Attributes of the outer <testsuites>, else of the first <testsuite>. */
  readonly counts: Readonly<Record<string, string>>;
  readonly testCases: readonly JunitTestCase[];
}

export function parseJunit(xml: string): JunitReport {
  const root = /<testsuites?\b([^>]*)>/.exec(xml);
  if (root === null || !/<\/testsuites>\s*$/.test(xml)) throw new Error('junit.xml is not a whole report');
  const testCases = [...xml.matchAll(/<testcase\b((?:[^>"]|"[^"]*")*?)(\/?)>/g)].map((match) => {
    const attributes = parseAttributes(match[1] ?? '');
    const body = match[2] === '/' ? '' : bodyOf(xml, (match.index ?? 0) + match[0].length);
    return { name: attributes.name ?? '', status: statusOf(attributes.status, body) };
  });
  return { counts: parseAttributes(root[1] ?? ''), testCases };
}

/** The status attribute, else what the children say, else passed. */
function statusOf(attribute: string | undefined, body: string): string {
  if (attribute !== undefined) return attribute;
  if (/<error\b/.test(body)) return 'error';
  if (/<failure\b/.test(body)) return 'failure';
  return /<skipped\b/.test(body) ? 'skipped' : 'passed';
}

function bodyOf(xml: string, start: number): string {
  const end = xml.indexOf('</testcase>', start);
  if (end < 0) throw new Error('junit.xml: a <testcase> does not end');
  return xml.slice(start, end);
}

function parseAttributes(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([\w:-]+)\s*=\s*"([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, unescapeXml(value)]));
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}

/** The report without the dumps of requests and answers: what is kept in the repository stays small. */
export function withoutDumps(xml: string): string {
  return xml.replace(/\n?\s*<(system-err|system-out)>[\s\S]*?<\/\1>/g, '');
}
