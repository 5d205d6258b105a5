// `npm run interop`: real clients against moorage. One line a check, a table, and the totals as the last line.

import { CheckList, resultTable } from './checks.ts';
import { checkContainerImage } from './container-image.ts';
import { Machine } from './machine.ts';
import { type InteropOptions, parseOptions, usage } from './options.ts';
import { runScenarios } from './run-scenarios.ts';
import { endAllProcesses } from './running-processes.ts';
import { toolNames } from './tools/all-tools.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

async function main(options: InteropOptions): Promise<boolean> {
  const checks = new CheckList(process.env.CI === 'true', print);
  const machine = await Machine.prepare(options.clients);
  const leave = async () => {
    await endAllProcesses();
    await machine.unmount();
    if (options.keep) print(`kept: ${machine.scratch}`);
    else await machine.remove();
  };
  const abandon = (why: string, code: number) => {
    print(`abandoned: ${why}`);
    checks.stop();
    void leave().finally(() => process.exit(code));
  };
  process.once('SIGINT', () => abandon('SIGINT', 130)).once('SIGTERM', () => abandon('SIGTERM', 143));
  process.once('uncaughtException', (error) => abandon(error.stack ?? error.message, 1));
  try {
    if (options.containerImage) await checkContainerImage(machine, checks);
    else await runScenarios(options, machine, checks);
  } finally {
    await leave();
  }
  print('');
  // The matrix has a page of its own.
  const ownTable = checks.results.filter(({ name }) => !name.startsWith('matrix: '));
  for (const line of resultTable(ownTable, toolNames)) print(line);
  for (const { subject, name, outcome, detail } of checks.results) {
    if (outcome === 'FAIL' || outcome === 'skip') print(`${outcome} ${subject}: ${name}: ${detail}`);
  }
  print(checks.total());
  return checks.count('FAIL') === 0;
}

const options = parseOptions(process.argv.slice(2), process.env);
if (options.help) print(usage);
else process.exitCode = (await main(options)) ? 0 : 1;
