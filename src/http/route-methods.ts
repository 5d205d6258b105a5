// Which methods every URL has: the Allow header of a 405, and the difference between 405 and 404.

interface UrlMethods {
  readonly pattern: RegExp;
  readonly methods: string[];
}

export class RouteMethods {
  readonly #byUrl = new Map<string, UrlMethods>();

  constructor(routes: Iterable<readonly [method: string, url: string, ...rest: unknown[]]>) {
    for (const [method, url] of routes) {
      const known = this.#byUrl.get(url);
      if (known !== undefined) known.methods.push(method);
      else this.#byUrl.set(url, { pattern: patternOf(url), methods: [method] });
    }
  }

  /** The methods of a route's URL without the refused one (RFC 9110, 15.5.6). */
  allowed(url: string, refused: string): string {
    return (this.#byUrl.get(url)?.methods ?? []).filter((method) => method !== refused).join(', ');
  }

  /** The methods of the routes that match a path (as routed), undefined when none does. */
  allowedAt(path: string): string | undefined {
    const methods = [...this.#byUrl.values()].flatMap((route) => (route.pattern.test(path) ? route.methods : []));
    return methods.length === 0 ? undefined : [...new Set(methods)].join(', ');
  }
}

function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/:[a-z]+/g, '[^/]+')}$`);
}
