// The registry under test as one check sees it: fresh repository names, requests, and the same registry started with
// other settings where we started it ourselves.
import { VariantMissing } from '../check/expect.ts';
import type { Answer } from '../client/answer.ts';
import type { HttpClient, RequestOptions } from '../client/http-client.ts';
import type { Observations } from '../client/observations.ts';
import { RawConnection } from '../client/raw-connection.ts';
import { Repository } from './repository.ts';

/** Servers of our own with a setting that differs from the default (server/variants.ts says which). */
export type Variant = 'warning' | 'expiring-uploads' | 'strict-references' | 'no-deletes' | 'read-only';

export interface RegistryOptions {
  readonly baseUrl: URL;
  /** True for moorage: its chosen answers count. */
  readonly own: boolean;
  readonly variants: Readonly<Partial<Record<Variant, URL>>>;
  readonly observations: Observations;
  /** The client of a server; asked once a server, so that connections are shared by all checks of a run. */
  readonly clientOf: (baseUrl: URL) => HttpClient;
  /** Prefix of every repository name, unique to the run. */
  readonly namespace: string;
}

export class Registry {
  readonly baseUrl: URL;
  readonly observations: Observations;
  readonly #options: RegistryOptions;
  readonly #client: HttpClient;
  #names = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.baseUrl = options.baseUrl;
    this.observations = options.observations;
    this.#client = options.clientOf(options.baseUrl);
  }

  /** The same registry for the check of that number, whose repositories are named after it. */
  for(checkId: string, number: number): Registry {
    const slug = checkId
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60)
      .replace(/-+$/, '');
    return new Registry({ ...this.#options, namespace: `${this.#options.namespace}/${slug}-${number}` });
  }

  /** A repository nobody has used. */
  repository(suffix = ''): Repository {
    this.#names += 1;
    return this.named(`${this.#options.namespace}/${this.#names}${suffix}`);
  }

  /** A repository of exactly that name. */
  named(name: string): Repository {
    return new Repository(this.#client, name);
  }

  request(method: string, target: string, options: RequestOptions = {}): Promise<Answer> {
    return this.#client.request(method, target, options);
  }

  connect(): Promise<RawConnection> {
    return RawConnection.open(this.baseUrl, this.#options.own);
  }

  /** The registry with another setting; skips the check where we did not start the server. */
  variant(variant: Variant): Registry {
    const baseUrl = this.#options.variants[variant];
    if (baseUrl === undefined) throw new VariantMissing(`needs a server started with the setting "${variant}"`);
    return new Registry({ ...this.#options, baseUrl, variants: {} });
  }
}
