// Everything that is wrong with a configuration, collected so that it can be shown at once.
import { printableText } from '../oci/printable-text.ts';

export interface ConfigProblem {
  /** Where it was written: `moorage.yaml:3:7`, `MOORAGE_LOG_LEVEL` or `--listen`. */
  readonly origin: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    // Both may quote what somebody wrote.
    const lines = problems.map(({ origin, message }) => printableText(`${origin}: ${message}`));
    super(
      lines.length === 1 ? lines.join() : [`${lines.length} problems in the configuration:`, ...lines].join('\n  '),
    );
    this.problems = problems;
  }
}
