// Which methods every URL has: the Allow header of a 405, and the difference between 405 and 404.
import type { FastifyInstance } from 'fastify';

interface Route {
  readonly url: string;
  readonly pattern: RegExp;
  readonly methods: string[];
}

export class RouteMethods {
  readonly #routes = new Map<string, Route>();

  /** Learns every route that is registered on `app` from now on. */
  learn(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => this.#add(url, [method].flat()));
  }

  /** The methods of a route's pattern without the refused one (RFC 9110, 15.5.6). */
  allowed(url: string, refused: string): string {
    return (this.#routes.get(url)?.methods ?? []).filter((method) => method !== refused).join(', ');
  }

  /** The methods of the routes that match a path (as routed), undefined when none does. */
  allowedAt(path: string): string | undefined {
    const methods = [...this.#routes.values()].flatMap((route) => (route.pattern.test(path) ? route.methods : []));
    return methods.length === 0 ? undefined : [...new Set(methods)].join(', ');
  }

  #add(url: string, methods: readonly string[]): void {
    const known = this.#routes.get(url);
    if (known !== undefined) known.methods.push(...methods);
    else this.#routes.set(url, { url, pattern: patternOf(url), methods: [...methods] });
  }
}

function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/:[a-z]+/g, '[^/]+')}$`);
}
