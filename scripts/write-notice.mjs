// Writes NOTICE, or prints it with `-`: the licence of every package that comes with moorage, bundled into dist/ or installed beside
// it. A test compares it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const licenceFile = /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i;

/** What the page is made of is in dist/, although nobody who installs moorage installs it. */
const inThePage = new Set(['node_modules/preact']);

/** Every package that is not only for development; koffi is optional, installed by npm, and never in dist/. */
function shippedPackages() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== '' && (inThePage.has(path) || (!dev && !optional)))
    .map(([path]) => path)
    .sort();
}

function noticeOf(path) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const files = readdirSync(path).filter((file) => licenceFile.test(file));
  const texts = files.map((file) => readFileSync(join(path, file), 'utf8').trim());
  const who = typeof author === 'string' ? author : author?.name;
  const heading = `${name} ${version}, ${license}`;
  return [heading, ...(texts.length > 0 ? texts : [`Copyright ${who ?? `the authors of ${name}`}`])].join('\n\n');
}

function notice() {
  const paths = shippedPackages().filter((path) => existsSync(path));
  const first = 'moorage\nCopyright the moorage authors. Licensed under the Apache License, Version 2.0 (see LICENSE).';
  const intro = 'It comes with these packages, each under its own licence:';
  return `${[first, intro, ...paths.map(noticeOf)].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

if (process.argv[2] === '-') process.stdout.write(notice());
else writeFileSync('NOTICE', notice());
