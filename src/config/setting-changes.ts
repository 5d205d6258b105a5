// What another configuration changes: which settings, from what to what, and what of it a running server can follow.
import { printableText } from '../oci/printable-text.ts';
import type { WrittenSetting } from './setting-source.ts';
import { settings } from './settings.ts';

export interface SettingChange {
  readonly path: string;
  /** As it was written, and what held by default. */
  readonly from: string;
  readonly to: string;
}

export interface ReloadPlan {
  readonly applied: readonly SettingChange[];
  /** They hold from the next start on. */
  readonly waiting: readonly SettingChange[];
  /** What the server goes by from now on: what it can follow as it is written now, everything else as it was. */
  readonly written: readonly WrittenSetting[];
}

export function planReload(
  before: readonly WrittenSetting[],
  after: readonly WrittenSetting[],
  canFollow: (path: string) => boolean,
): ReloadPlan {
  const changes = changesBetween(before, after);
  return {
    applied: changes.filter(({ path }) => canFollow(path)),
    waiting: changes.filter(({ path }) => !canFollow(path)),
    written: [...before.filter(({ path }) => !canFollow(path)), ...after.filter(({ path }) => canFollow(path))],
  };
}

/** In the order of the schema. Of what several sources say, the last one counts. */
export function changesBetween(
  before: readonly WrittenSetting[],
  after: readonly WrittenSetting[],
): readonly SettingChange[] {
  return settings.flatMap(({ path, byDefault }) => {
    const [from, to] = [before, after].map((written) =>
      textOf(written.findLast((each) => each.path === path)?.value ?? byDefault),
    );
    return from === to || from === undefined || to === undefined ? [] : [{ path, ...shortened(from, to) }];
  });
}

/** No setting holds a secret: they are in files of their own. */
function textOf(value: unknown): string {
  if (value === undefined) return 'unset';
  return printableText(typeof value === 'string' ? value : JSON.stringify(value));
}

const longest = 160;
const keptBefore = 40;

/** Of long lists what differs, with a little of what stands before it. */
function shortened(from: string, to: string): { readonly from: string; readonly to: string } {
  let same = 0;
  while (same < from.length && from[same] === to[same]) same += 1;
  const cut = Math.max(from.length, to.length) > longest && same > keptBefore ? same - keptBefore : 0;
  const shown = (text: string) => printableText(cut === 0 ? text : `...${text.slice(cut)}`, longest);
  return { from: shown(from), to: shown(to) };
}
