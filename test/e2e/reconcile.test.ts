// `moorage reconcile` as a user runs it, where nothing can be written: what it says is what was done.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runMoorage, scratchDirectory } from './moorage-process.ts';

describe('moorage reconcile of an archive', () => {
  it('says what would be done, that nothing was, and fails', async () => {
    const directory = await scratchDirectory();
    writeLayout(join(directory, 'other'), 'recorded/oras/referrers-attached');
    execFileSync('tar', ['-C', join(directory, 'other'), '-cf', join(directory, 'other.tar'), '.']);
    const { code, stdout } = await runMoorage(['reconcile', 'other.tar'], { directory });
    expect(stdout).toMatch(/^other: would write the referrers response sha256:/m);
    expect(stdout).toMatch(/^other: it cannot be written to; nothing was changed$/m);
    expect(stdout).toMatch(/^0 changes in 0 of 1 layout; 1 could not be reconciled$/m);
    expect(stdout).not.toMatch(/: (?:wrote|marked|listed) /);
    expect(code).toBe(1);
  });
});
