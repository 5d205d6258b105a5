// What an operator can decide about names where tools disagree (docs/layouts.md#names).

export interface NameRules {
  /** Which of several entries of one name it means: appenders (BuildKit, crane, docker load) and oras take the last, others the first. */
  readonly duplicates: 'last' | 'first';
  /** Whether a single entry without any name is `latest` (crane, skopeo and cosign write such layouts). */
  readonly unnamed: 'latest' | 'hidden';
  /** Whether a full name without a tag (`docker.io/acme/app`) is `latest`, or found by digest only. */
  readonly tagless: 'latest' | 'hidden';
  /** Whether tags that only carry referrers responses are listed among the others. They are answered in any case. */
  readonly listReferrersTags: boolean;
  /** Whether virtual repositories are listed with the registry host of their full name. Both names are answered. */
  readonly registryHost: 'strip' | 'keep';
}
