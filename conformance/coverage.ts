// Holds the checks against the requirements and the catalogues of the official suites: each must have its check.

import { newSuiteTests } from './catalogue/new-suite.ts';
import { suiteV1Tests } from './catalogue/suite-v1.ts';
import { allSections } from './checks/sections.ts';
import { badInput, chosenAnswers, requirements } from './requirements.ts';

/** Ids that no check carries, and ids of checks that stand for nothing. Both lists are empty, or the runner refuses. */
export function coverageGaps(): { unchecked: string[]; unknown: string[] } {
  const known = new Set([
    ...Object.keys(requirements),
    ...Object.keys(chosenAnswers),
    ...Object.keys(badInput),
    ...newSuiteTests,
    ...suiteV1Tests,
  ]);
  const checked = new Set(allSections.flatMap((section) => section.checks.map((each) => each.id)));
  return {
    unchecked: [...known].filter((id) => !checked.has(id)),
    unknown: [...checked].filter((id) => !known.has(id)),
  };
}
