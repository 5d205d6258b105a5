// Rules on every answer of the run so far (client/observations.ts). This section runs last.
import { check, type Section } from '../check/check.ts';
import { CheckFailure } from '../check/expect.ts';
import type { Rule } from '../client/observations.ts';

function observed(id: string, rule: Rule, name: string, clause: string, level: 'MUST' | 'SHOULD' | 'CHOSEN' = 'MUST') {
  return check({
    id,
    name: `on every answer of this run: ${name}`,
    clause,
    level,
    run: async ({ observations }) => {
      const violations = observations.violations(rule);
      const exchanges = violations.map(({ exchange }) => exchange).join('\n\n');
      const problems = [...new Set(violations.map(({ problem }) => problem))];
      if (problems.length > 0) throw new CheckFailure(problems.join('; '), exchanges);
    },
  });
}

export const everyAnswer: Section = {
  title: 'Every answer',
  checks: [
    observed('GEN-3', 'envelope', 'a JSON 4xx is the envelope with a listed code', 'distribution-spec: Error Codes'),
    observed('GEN-5', 'retry-after', '429 has Retry-After', 'distribution-spec (main): API', 'SHOULD'),
    observed('GEN-8', 'warning', 'Warning is 299 - "text", 4096 bytes at most', 'distribution-spec: Warnings'),
    observed('PULL-3', 'digest', 'Docker-Content-Digest is that of the body', 'distribution-spec: Pull'),
    observed('BLOB-2', 'location', 'Location is a path or a URL', 'distribution-spec: POST then PUT; containerd'),
    observed('GEN-7', 'allow', '405 has Allow', 'RFC 9110, section 15.5.6'),
    observed('GEN-7', 'no-content', '204 has neither body nor length', 'RFC 9110, section 8.6'),
    observed('GEN-7', 'no-server-error', 'no 5xx, whatever was sent', 'RFC 9110, section 15.6', 'SHOULD'),
    observed('GEN-4', 'nothing-internal', 'errors show no paths, errnos or stacks', 'distribution-spec: Error Codes'),
  ],
};
