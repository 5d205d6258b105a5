// Whether a server of several processes is about to be started, told from the first look at the command line: its first worker begins then,
// beside the rest of the start. What is said here is only likely; what holds is what the settings say.
import { configFileVariable, usualWorkers } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { workerCount } from '../workers/worker-count.ts';
import { type Machine, machine } from './machine.ts';

const questions = new Set(['-h', '--help', '-v', '-V', '--version']);

let hasBegun = false;

export async function beginEarly(args: readonly string[], environment: Environment): Promise<void> {
  if (likelyWorkers(args, environment, machine) < 2) return;
  const { beginFirstWorker } = await import('../workers/forked-worker.ts');
  beginFirstWorker();
  hasBegun = true;
}

/** It was not so. */
export async function endEarly(): Promise<void> {
  if (!hasBegun) return;
  const { dismissFirstWorker } = await import('../workers/forked-worker.ts');
  dismissFirstWorker();
}

/** 1 also where nobody can tell: a file with settings may say anything. */
export function likelyWorkers(args: readonly string[], environment: Environment, ask: () => Machine): number {
  const [word = ''] = args;
  const serves = word === 'serve' || word === '' || word.startsWith('-') || /[^\w-]/.test(word);
  if (!serves || args.some((arg) => questions.has(arg))) return 1;
  if (environment[configFileVariable] || writtenAfter('--config', args) !== undefined) return 1;
  if (args.includes('--ephemeral') || environment.MOORAGE_STORAGE_EPHEMERAL) return 1;
  const written = (writtenAfter('--workers', args) ?? (environment.MOORAGE_SERVER_WORKERS || usualWorkers)).trim();
  const workers = written === 'auto' ? 'auto' : Number(written);
  return workers === 'auto' || workers > 1 ? workerCount(workers, { ...ask(), ephemeral: false }) : 1;
}

function writtenAfter(flag: string, args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  return at === -1 ? undefined : args[at] === flag ? (args[at + 1] ?? '') : args[at]?.slice(flag.length + 1);
}
