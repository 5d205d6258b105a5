// Each message that docs/troubleshooting.md explains is one of ours, or is printed by a command of the page; else it says that it was not tried.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectDirectory, sourceFiles } from '../structure/source-files.ts';
import { blocksIn } from './document-blocks.ts';

const page = readFileSync(join(projectDirectory, 'docs/troubleshooting.md'), 'utf8');
const printed = blocksIn(page).flatMap(({ kind, text }) => (kind === 'prints' ? text : []));
const said = [...printed, ...sourceFiles().map(({ text }) => text)];

/** `...` stands for what differs. */
function isSaid(message: string): boolean {
  const parts = message.split('...').map((part) => part.trim());
  return parts.every((part) => said.some((text) => text.includes(part)));
}

it('explains messages that somebody sees', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` \|(.*)$/gm)].map(([, message = '', rest = '']) => ({ message, rest }));
  expect(rows.length).toBeGreaterThan(25);
  const tried = rows.filter(({ rest }) => !/Not tried\b/.test(rest));
  expect(tried.filter(({ message }) => !isSaid(message))).toEqual([]);
});

it('knows what nobody says', () => {
  expect(isSaid('the moon is ... too far away')).toBe(false);
});
