// What a token is for, in the words of Docker's token authentication: `repository:team/app:pull,push`, `registry:catalog:*`.

export interface ScopeEntry {
  /** `repository`, or `registry` for what belongs to none. */
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export type GrantedScope = readonly ScopeEntry[];

export const catalogScope: ScopeEntry = { type: 'registry', name: 'catalog', actions: ['*'] };

/** For metrics: a word of our own as well, which nobody asks for who was not told of it by the challenge. */
export const metricsScope: ScopeEntry = { type: 'registry', name: 'metrics', actions: ['*'] };

/** For a mount that names no source: a blob from whatever repository has it. A word of our own, which clients take from the challenge. */
export const anyBlobScope: ScopeEntry = { type: 'registry', name: 'blobs', actions: ['pull'] };

/** `*` stands for every action. */
export function covers(scope: GrantedScope, type: string, name: string, action: string): boolean {
  return scope.some((entry) => {
    return (
      entry.type === type &&
      entry.name === name &&
      entry.actions.some((granted) => granted === action || granted === '*')
    );
  });
}

export function scopeText({ type, name, actions }: ScopeEntry): string {
  return `${type}:${name}:${actions.join(',')}`;
}
