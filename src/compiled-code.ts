// The compiled code of a start, kept for the next one, which takes two thirds of the time then.

/** Of Node 22 and later. */
interface CompileCache {
  enableCompileCache?: (directory: string) => unknown;
  flushCompileCache?: () => void;
}

/** When a first start is over. Node itself writes it at the end of a process, which for a server may be a kill. */
const keepAfterMs = 2_000;

/**
 * In a directory of the user: what lies there is run, and the one that Node would take is below the directory for temporary files, where
 * anybody could have put something.
 */
export function keepCompiledCode(module: object, environment: Readonly<Record<string, string | undefined>>): void {
  const { enableCompileCache, flushCompileCache }: CompileCache = module;
  const { XDG_CACHE_HOME: configured, HOME: home, NODE_COMPILE_CACHE: chosen } = environment;
  const caches = configured ? configured : home ? `${home}/.cache` : undefined;
  if (enableCompileCache === undefined || caches === undefined || chosen !== undefined) return;
  enableCompileCache(`${caches}/moorage/compiled`);
  if (flushCompileCache !== undefined) setTimeout(flushCompileCache, keepAfterMs).unref();
}
