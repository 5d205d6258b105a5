// A running server follows its configuration file: looks at it every now and then, or when it is told to, takes what it can without a restart,
// and says what changed. What is wrong, missing or half written changes nothing.
import { statSync } from 'node:fs';
import { ConfigError } from '../config/config-error.ts';
import { maxConfigBytes, parseConfigFile } from '../config/config-file.ts';
import { asksWhoIsThere } from '../config/guarding-settings.ts';
import { jointProblems } from '../config/joint-settings.ts';
import { settingsFrom } from '../config/load.ts';
import { isReloadable, reloadableRights } from '../config/reloadable.ts';
import type { Settings } from '../config/schema.ts';
import { planReload, type ReloadPlan, type SettingChange } from '../config/setting-changes.ts';
import type { WrittenSetting } from '../config/setting-source.ts';
import type { Logger } from '../observability/logger.ts';
import { errnoOf } from '../storage/filesystem/errno.ts';
import { type FileState, WatchedFile } from '../storage/filesystem/watched-file.ts';
import type { ConfigInUse } from './started-server.ts';

export interface FollowedSettings {
  readonly written: readonly WrittenSetting[];
  readonly settings: Settings;
  /** Paths of those that others are than before. */
  readonly changed: ReadonlySet<string>;
}

export interface ConfigReloadOptions {
  readonly file: ConfigInUse;
  /** What the server was started with. */
  readonly written: readonly WrittenSetting[];
  readonly log: Logger;
  /** Resolves when every process goes by them. */
  readonly follow: (settings: FollowedSettings) => Promise<void> | void;
}

/** By stat alone, since watchers miss what happens on network file systems and behind the symbolic links of Kubernetes. */
const lookEveryMs = 2_000;
/** Whoever writes in place has paused for so long. */
const settleMs = 500;

/** False for a pipe (`--config <(...)`): it says everything once. What was a file may be a directory by now, or nothing that can be asked. */
export function canBeReadAgain({ path }: ConfigInUse): boolean {
  try {
    const stats = statSync(path);
    return stats.isFile() || stats.isDirectory();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return true;
  }
}

export class ConfigReload {
  readonly #options: ConfigReloadOptions;
  #file: WatchedFile;
  /** The version that was looked at last, good or not. */
  #seen: FileState | undefined;
  #written: readonly WrittenSetting[];
  #settings: Settings;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
    this.#file = this.#watched();
    this.#written = options.written;
    this.#settings = settingsFrom(options.written);
  }

  /** Those that hold now. */
  get settings(): Settings {
    return this.#settings;
  }

  start(): void {
    this.#timer = setInterval(() => this.#lookInTurn(false), lookEveryMs).unref();
  }

  /** Now, and says what came of it, also where that is nothing. */
  readAgain(): void {
    this.#lookInTurn(true);
  }

  stop(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  #watched(): WatchedFile {
    return new WatchedFile(this.#options.file.path, { maxBytes: maxConfigBytes, everyMs: 0, settleMs });
  }

  #lookInTurn(isAsked: boolean): void {
    this.#last = this.#last
      .then(() => this.#look(isAsked))
      .catch((error: unknown) => {
        this.#options.log.error({ error }, 'internal error: the configuration cannot be read again');
      });
  }

  async #look(isAsked: boolean): Promise<void> {
    // What is asked for is read at once, whatever it looked like before.
    if (isAsked) this.#file = this.#watched();
    const state = this.#file.current();
    if (this.#isOver || (state === this.#seen && !isAsked)) return;
    const isFirst = this.#seen === undefined;
    this.#seen = state;
    const plan = await this.#planOf(state);
    if (this.#isOver) return;
    if (plan instanceof ConfigError) this.#sayRefused(plan);
    else if (!isFirst || isAsked || plan.applied.length + plan.waiting.length > 0) await this.#take(plan);
  }

  async #take(plan: ReloadPlan): Promise<void> {
    const { log, follow } = this.#options;
    const { applied, written } = plan;
    if (applied.length > 0) {
      this.#written = written;
      this.#settings = settingsFrom(written);
      await follow({ written, settings: this.#settings, changed: new Set(applied.map(({ path }) => path)) });
    }
    if (this.#isOver) return;
    // Said at whichever level says more, before or after.
    const wasSaid = log.isLevelEnabled('info');
    if (!wasSaid) log.level = this.#settings.log.level;
    this.#sayTaken(plan);
    if (wasSaid) log.level = this.#settings.log.level;
  }

  #sayTaken({ applied, waiting }: ReloadPlan): void {
    const { log, file } = this.#options;
    const details = {
      file: file.path,
      ...(applied.length === 0 ? {} : { changed: applied.map(changeText) }),
      ...(waiting.length === 0 ? {} : { afterRestart: waiting.map(changeText) }),
    };
    if (applied.length > 0) log.info(details, 'the configuration was read again, and is followed');
    else if (waiting.length > 0) log.info(details, 'the configuration was read again: its changes wait for a restart');
    else log.info(details, 'the configuration was read again: nothing changes');
  }

  #sayRefused({ problems }: ConfigError): void {
    const { log, file } = this.#options;
    const said = problems.map(({ origin, message }) => `${origin}: ${message}`);
    log.warn({ file: file.path, problems: said }, 'the settings stay as they are: the configuration cannot be used');
  }

  async #planOf(state: FileState): Promise<ReloadPlan | ConfigError> {
    try {
      return await this.#planned(state);
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
  }

  /** Throws a ConfigError. */
  async #planned(state: FileState): Promise<ReloadPlan> {
    const { file } = this.#options;
    const refused = (message: string) => new ConfigError([{ origin: file.path, message }]);
    if (state.kind === 'unusable') throw refused(state.reason);
    const source = await parseConfigFile(file.path, state.bytes.toString('utf8'));
    const after = file.writtenWith(source);
    const plan = this.#planFor(after);
    // A disk that was full, or a program that is not done, leaves an empty file: it opens what was shut.
    const isEmpty = source.written.length === 0;
    if (isEmpty && plan.applied.length + plan.waiting.length > 0) {
      throw refused('has no settings any more; restart to go back to the defaults');
    }
    const joint = jointProblems(settingsFrom(plan.written));
    if (joint.length > 0) throw new ConfigError(joint);
    return plan;
  }

  /** Rules are followed where there is a gate that asks who somebody is, and still is one with the new ones. */
  #planFor(after: readonly WrittenSetting[]): ReloadPlan {
    const plan = planReload(this.#written, after, isReloadable);
    const isGuarded = asksWhoIsThere(this.#settings) && asksWhoIsThere(settingsFrom(plan.written));
    if (isGuarded) return plan;
    return planReload(this.#written, after, (path) => isReloadable(path) && !reloadableRights.includes(path));
  }
}

function changeText({ path, from, to }: SettingChange): string {
  return `${path}: ${from} -> ${to}`;
}
