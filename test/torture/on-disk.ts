// What other programs make of the directories that a kill left, and what is left in them that nobody needs.
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientPath } from '../endurance/clients.ts';
import { type CommandResult, tryCommand } from '../interop/command.ts';
import { repositories } from './client.ts';
import { type Model, Violation } from './model.ts';
import { mayBeUntagged } from './rules.ts';

const tools = { oras: clientPath('oras'), skopeo: clientPath('skopeo') };
export const missingTools = Object.entries(tools).flatMap(([name, path]) => (path === undefined ? [name] : []));
const limitMs = 60_000;
const largestJson = 1 << 20;
const referrersTag = /^sha256-[0-9a-f]{64}$/;

/** While no server runs: every layout opens, with the tags that it must have. */
export async function openAll(root: string, model: Model): Promise<void> {
  await Promise.all(
    repositories.map(async (repository) => {
      const directory = join(root, repository);
      const known = [...model.tags.values()].filter((each) => each.repository === repository);
      const sure = known.filter((each) => !mayBeUntagged(model, each, Date.now())).map(({ tag }) => tag);
      if (sure.length === 0 && !existsSync(join(directory, 'index.json'))) return;
      const { oras, skopeo } = tools;
      if (oras !== undefined) {
        const listed = (await run(oras, ['repo', 'tags', '--oci-layout', directory])).stdout
          .split('\n')
          .filter(Boolean);
        const lost = sure.filter((tag) => !listed.includes(tag));
        if (lost.length > 0) throw new Violation(`oras finds no ${lost.join()} in ${directory}`);
        const tags = listed.filter((tag) => !referrersTag.test(tag));
        const odd = tags.filter((tag) => !known.some((each) => each.tag === tag && !isNothing(each.meant)));
        if (odd.length > 0) throw new Violation(`oras finds ${odd.join()} in ${directory}, deleted before`);
      }
      const tag = sure.at(-1);
      if (tag === undefined) return;
      const { meant } = model.tag(repository, tag);
      const isMeant = (text: string) =>
        [...model.manifests.values()].some(
          ({ content }) => meant.has(content.digest) && content.bytes.toString() === text,
        );
      if (oras !== undefined) {
        const fetched = await run(oras, ['manifest', 'fetch', '--oci-layout', `${directory}:${tag}`]);
        if (!isMeant(fetched.stdout)) throw new Violation(`oras fetches another manifest of ${directory}:${tag}`);
      }
      if (skopeo !== undefined) {
        const inspected = await run(skopeo, ['inspect', '--raw', `oci:${directory}:${tag}`]);
        if (!isMeant(inspected.stdout)) throw new Violation(`skopeo inspects another manifest of ${directory}:${tag}`);
      }
    }),
  );
}

function isNothing(meant: ReadonlySet<string>): boolean {
  return meant.size === 1 && meant.has('');
}

async function run(file: string, args: readonly string[]): Promise<CommandResult> {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
  const result = await tryCommand(file, args, { env, timeoutMs: limitMs });
  if (result.code !== 0) throw new Violation(`${file} ${args.join(' ')}: ${result.stderr.slice(-500)}`);
  return result;
}

/** Once everything was swept and nobody runs: temporary files, and blobs that nothing leads to. */
export function leftIn(root: string): readonly string[] {
  const left: string[] = [];
  const files = filesBelow(root, '');
  for (const file of files) {
    if (isTemporary(file)) left.push(file);
    if (file.startsWith('.moorage/pool/') && lstatSync(join(root, file)).nlink === 1) left.push(`${file} (one link)`);
  }
  for (const repository of repositories) {
    const reached = reachedIn(join(root, repository));
    const blobs = `${repository}/blobs/`;
    for (const file of files) {
      const digest = file.startsWith(blobs) ? file.slice(blobs.length).replace('/', ':') : undefined;
      if (digest !== undefined && !reached.has(digest)) left.push(`${file} (nothing leads to it)`);
    }
  }
  return left;
}

function isTemporary(file: string): boolean {
  const parts = file.split('/');
  if (parts.some((part) => part.startsWith('.moorage-') || part.endsWith('.lock') || part.endsWith('.lock/')))
    return true;
  return /^\.moorage\/(?:uploads|staging|trash)\/./.test(file);
}

/** Empty directories count, with a slash at their end. */
function filesBelow(root: string, below: string): readonly string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    const inside = filesBelow(root, path);
    return inside.length === 0 ? [`${path}/`] : inside;
  });
}

/** Every digest that index.json leads to; and what a killed push left as a referrer of it, which is kept as those of `cosign save` are. */
function reachedIn(layout: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const index = join(layout, 'index.json');
  if (!existsSync(index)) return reached;
  const follow = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const value of Object.values(node)) follow(value);
    if (!('digest' in node) || typeof node.digest !== 'string' || reached.has(node.digest)) return;
    reached.add(node.digest);
    const isManifest = 'mediaType' in node && /manifest|index/.test(String(node.mediaType));
    if (isManifest) follow(jsonIn(layout, node.digest));
  };
  follow(JSON.parse(readFileSync(index, 'utf8')));
  const names = filesBelow(layout, 'blobs').filter((name) => !name.endsWith('/'));
  const referrers = names.flatMap((name) => {
    const digest = name.slice('blobs/'.length).replace('/', ':');
    const json = jsonIn(layout, digest) as { subject?: { digest?: string } } | undefined;
    const subject = json?.subject?.digest;
    return subject === undefined ? [] : [{ digest, json, subject }];
  });
  for (let before = -1; before < reached.size; ) {
    before = reached.size;
    for (const { digest, json, subject } of referrers) {
      if (!reached.has(subject) || reached.has(digest)) continue;
      follow(json);
      reached.add(digest);
    }
  }
  return reached;
}

/** Undefined for what is no JSON object, or is not there. */
function jsonIn(layout: string, digest: string): object | undefined {
  const file = join(layout, 'blobs', digest.replace(':', '/'));
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  return bytes[0] === 0x7b && bytes.byteLength < largestJson ? (parsed(bytes) as object | undefined) : undefined;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    // A layer that begins with a brace by chance.
    return undefined;
  }
}

/** Waits for what goes by itself soon. */
export async function leftAtRest(root: string, waitMs: number): Promise<readonly string[]> {
  for (const endMs = Date.now() + waitMs; ; await sleep(200)) {
    const left = leftIn(root);
    if (left.length === 0 || Date.now() > endMs) return left;
  }
}
