// What a running server does about its configuration file, and about SIGHUP. Nothing is loaded for it where there is no file.
import type { Settings } from '../config/schema.ts';
import type { Logger } from '../observability/logger.ts';
import type { FollowedSettings } from './config-reload.ts';
import type { ServeRequest } from './started-server.ts';
import type { StopSignals } from './stop-signals.ts';

export interface Reloading {
  /** Those that hold now. */
  readonly settings: Settings;
  stop(): void;
}

export interface ReloadParts {
  readonly log: Logger;
  readonly signals: StopSignals;
  /** Resolves when every process goes by them. */
  readonly follow: (settings: FollowedSettings) => Promise<void> | void;
}

/** Once the server listens. */
export async function followConfig(
  { file, written, settings }: ServeRequest,
  { log, signals, follow }: ReloadParts,
): Promise<Reloading> {
  if (file === undefined) {
    signals.onHangup(() => log.info('SIGHUP: there is no configuration file to be read again'));
    return { settings, stop: () => {} };
  }
  const { ConfigReload, canBeReadAgain } = await import('./config-reload.ts');
  if (!canBeReadAgain(file)) {
    signals.onHangup(() => log.info('SIGHUP: the configuration was no regular file, and cannot be read again'));
    return { settings, stop: () => {} };
  }
  const reload = new ConfigReload({ file, written, log, follow });
  signals.onHangup(() => reload.readAgain());
  reload.start();
  return reload;
}
