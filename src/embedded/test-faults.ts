// Which requests of a test go wrong, and how often.
import type { FaultedRequest, Faults, RequestFault } from '../http/faults.ts';
import { type RouteKind, routeKindOf } from './route-kind.ts';

/** Which requests; what is not given does not matter. */
export interface FaultTarget {
  readonly route?: RouteKind;
  readonly method?: string;
  readonly repository?: string;
  /** A tag or digest. */
  readonly reference?: string;
  /** So many of these requests go well first. Default: 0. */
  readonly after?: number;
  /** And then so many go wrong. Default: all. */
  readonly times?: number;
}

export interface Fault extends FaultTarget, RequestFault {}

export interface InjectedFault {
  /** How many requests went wrong so far. */
  readonly hits: number;
  /** From now on all goes well. */
  remove(): void;
}

interface Armed {
  readonly fault: Fault;
  met: number;
  hits: number;
}

export class TestFaults implements Faults {
  readonly #armed = new Set<Armed>();

  /** The one that was added last is asked first. */
  add(fault: Fault): InjectedFault {
    const armed: Armed = { fault, met: 0, hits: 0 };
    this.#armed.add(armed);
    return {
      get hits() {
        return armed.hits;
      },
      remove: () => void this.#armed.delete(armed),
    };
  }

  hit(request: FaultedRequest): RequestFault | undefined {
    for (const armed of [...this.#armed].reverse()) {
      const { after = 0, times = Number.POSITIVE_INFINITY } = armed.fault;
      if (!isMeant(armed.fault, request)) continue;
      armed.met += 1;
      if (armed.met <= after || armed.hits >= times) continue;
      armed.hits += 1;
      return armed.fault;
    }
    return undefined;
  }
}

function isMeant({ route, method, repository, reference }: FaultTarget, request: FaultedRequest): boolean {
  return (
    (route === undefined || route === routeKindOf(request.route)) &&
    (method === undefined || method.toUpperCase() === request.method) &&
    (repository === undefined || repository === request.repository) &&
    (reference === undefined || reference === request.reference)
  );
}
