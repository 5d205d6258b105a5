// What an operator can decide about names where tools disagree (INTEROP §4.4, §4.5).

export interface NameRules {
  /** Which of several entries of one name it means: appenders (BuildKit, crane, docker load) and oras take the last, others the first. */
  readonly duplicates: 'last' | 'first';
  /** Whether a single entry without any name is `latest` (crane, skopeo and cosign write such layouts). */
  readonly unnamed: 'latest' | 'hidden';
  /** Whether virtual repositories are listed with the registry host of their full name. Both names are answered. */
  readonly registryHost: 'strip' | 'keep';
}

export const defaultNameRules: NameRules = { duplicates: 'last', unnamed: 'latest', registryHost: 'strip' };
