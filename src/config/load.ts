// Puts the settings together: flags win over the environment, which wins over the file, which wins over the defaults.
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { configFileVariable } from './early-settings.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { jointProblems, missingHalves } from './joint-settings.ts';
import { configSchema, type Settings } from './schema.ts';
import type { SettingSource, WrittenSetting } from './setting-source.ts';
import { sections, settingAt } from './settings.ts';

export interface ConfigSources {
  /** In the order of the command line; `origin` names the flag. */
  readonly flags: readonly WrittenSetting[];
  readonly environment: Environment;
  /** Of --config; else MOORAGE_CONFIG names it; else there is none. */
  readonly file: string | undefined;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** True for what some source says; false for what holds by default. */
  readonly isWritten: (path: string) => boolean;
  /** What the settings were made from, in order: plain data, from which another process makes the same (settingsFrom). */
  readonly written: readonly WrittenSetting[];
}

export async function loadSettings(sources: ConfigSources): Promise<Settings> {
  return (await loadWrittenSettings(sources)).settings;
}

/** Refuses (ConfigError) with every problem of every source at once, also of values that another source overrides. */
export async function loadWrittenSettings(sources: ConfigSources): Promise<LoadedSettings> {
  const named = namedFile(sources);
  return combined(named === undefined ? { written: [], problems: [] } : await readConfigFile(named), sources);
}

/** The configuration file that is meant; undefined: there is none. */
export function namedFile({ file, environment }: Omit<ConfigSources, 'flags'>): string | undefined {
  // A variable may be empty (environment.ts), a flag says that a file was meant.
  if (file?.trim() === '') throw new ConfigError([{ origin: '--config', message: 'the name of the file is empty' }]);
  return file ?? (environment[configFileVariable] || undefined);
}

/** The same of a file that was read, as `loadWrittenSettings`. */
export function combined(file: SettingSource, sources: Omit<ConfigSources, 'file'>): LoadedSettings {
  const environment = readEnvironment(sources.environment);
  const written = [...file.written, ...environment.written, ...sources.flags];
  const problems = [
    ...file.problems,
    ...environment.problems,
    ...written.flatMap(problemsOf),
    ...missingHalves(written),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const settings = settingsFrom(written);
  const joint = jointProblems(settings);
  if (joint.length > 0) throw new ConfigError(joint);
  const paths = new Set(written.map(({ path }) => path));
  return { settings, isWritten: (path) => paths.has(path), written };
}

/** Of what was found right before. */
export function settingsFrom(written: readonly WrittenSetting[]): Settings {
  return configSchema.parse(treeOf(written));
}

/** What holds when nothing is written anywhere. */
export function defaultSettings(): Settings {
  return settingsFrom([]);
}

function problemsOf({ path, value, origin }: WrittenSetting): ConfigProblem[] {
  const setting = settingAt(path);
  if (setting === undefined) throw new Error(`${path} is not in the schema`);
  const issues = setting.schema.safeParse(value).error?.issues ?? [];
  return issues.map(({ message }) => ({ origin, message: `${path}: ${shown(value)} ${message}` }));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
}

type Tree = Record<string, unknown>;

/** Made where it is not there yet. */
function branchAt(tree: Tree, sections: readonly string[]): Tree {
  return sections.reduce((within: Tree, name) => {
    within[name] ??= {};
    return within[name] as Tree;
  }, tree);
}

/** Later values replace earlier ones. */
function treeOf(written: readonly WrittenSetting[]): Tree {
  const tree: Tree = {};
  for (const section of sections) branchAt(tree, section.split('.'));
  for (const { path, value } of written) {
    const names = path.split('.');
    branchAt(tree, names.slice(0, -1))[names.at(-1) ?? ''] = value;
  }
  return tree;
}
