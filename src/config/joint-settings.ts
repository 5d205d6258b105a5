// Settings that mean something only together with another one.
import type { ConfigProblem } from './config-error.ts';
import type { Settings } from './schema.ts';
import type { WrittenSetting } from './setting-source.ts';
import { settingAt } from './settings.ts';

/** Each with what it needs. */
const needs: readonly (readonly [path: string, needed: string])[] = [
  ['server.tls.certificate', 'server.tls.key'],
  ['server.tls.key', 'server.tls.certificate'],
  ['server.tls.clientCA', 'server.tls.certificate'],
  ['server.tls.clientUsers', 'server.tls.clientCA'],
];

/** One problem for each setting that was written without its other half: half of it would look as if it held. */
export function missingHalves(written: readonly WrittenSetting[]): ConfigProblem[] {
  return needs.flatMap(([path, needed]) => {
    const origin = written.findLast((each) => each.path === path)?.origin;
    if (origin === undefined || written.some((each) => each.path === needed)) return [];
    return [{ origin, message: `${path} needs ${needed} (${settingAt(needed)?.environment}), which is not set` }];
  });
}

/** An audit in the log: where the log has room for it, and may not lose it. */
export const auditIntoLog = 'log';

/** Settings that are right by themselves, and not together. */
export function jointProblems({ audit, log }: Pick<Settings, 'audit' | 'log'>): ConfigProblem[] {
  const { file, required } = audit;
  if (required && (file === undefined || file === auditIntoLog)) {
    const message = 'needs audit.file, and a file that is not the log: the log may lose lines';
    return [{ origin: 'audit.required', message }];
  }
  const isHeard = log.level === 'info' || log.level === 'debug';
  if (file !== auditIntoLog || isHeard) return [];
  return [{ origin: 'audit.file', message: `log needs log.level info, and not ${log.level}` }];
}
