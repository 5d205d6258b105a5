// What is wrong with an archive, and with those of a directory that are not served, as findings.
import type { LayoutArchive } from '../../docker-archive/docker-archive.ts';
import type { UnservedArchive } from '../../mounts/served-archives.ts';
import type { FindingList } from './finding-list.ts';

export function findArchiveProblems(problems: LayoutArchive['problems'], findings: FindingList): void {
  for (const problem of problems) {
    switch (problem.kind) {
      case 'damaged':
        findings.add('archive-damaged', { detail: `at byte ${problem.at}: ${problem.reason}` });
        break;
      case 'cut-off':
        findings.add('archive-cut-off', {});
        break;
      case 'members-refused':
        for (const { name, reason } of problem.first) findings.add('members-refused', { path: name, detail: reason });
        findings.addUnseen('members-refused', problem.count - problem.first.length);
        break;
      case 'images-left-out':
        for (const { image, reason } of problem.first) findings.add('image-left-out', { name: image, detail: reason });
        findings.addUnseen('image-left-out', problem.count - problem.first.length);
        break;
      case 'names-unusable':
        for (const name of problem.first) findings.add('unusable-name', { name });
        findings.addUnseen('unusable-name', problem.count - problem.first.length);
    }
  }
}

export function findUnserved(unserved: readonly UnservedArchive[], findings: FindingList): void {
  for (const { path, reason, failure } of unserved) {
    const code = failure === 'unsafe' ? 'other-archive' : failure === undefined ? 'name-taken' : 'archive-unreadable';
    findings.add(code, { path, detail: reason });
  }
}
