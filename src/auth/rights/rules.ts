// Who may do what, as the operator wrote it: the union of all rules that match.
import type { NameGlob } from '../../oci/name-glob.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { TagProtection } from '../../oci/tag-protection.ts';
import type { Access } from '../policy.ts';
import type { Principal, Right } from '../principal.ts';
import { type AccessRule, globsOf, isMeant } from './access-rule.ts';

export interface Ruling {
  readonly allowed: boolean;
  /** Which rule it was, counted from 1, or that there is none: for the audit and for `moorage access test`. */
  readonly rule: string;
}

/** What somebody holds of one repository, and by which rule. */
export type HeldRights = ReadonlyMap<Right, string>;

/** Names, of all clients together: whoever asks for ones that do not exist, with one token after the other, must not fill the memory. */
const maxRemembered = 20_000;

const notAllowed: Ruling = { allowed: false, rule: 'no rule allows it' };
const nothingShown = 'nobody is let in without credentials';

/** A push needs one of them; what `create` may not is asked under the lock (protection below). */
const sufficient: Readonly<Record<'pull' | 'push' | 'delete' | 'admin', readonly Right[]>> = {
  pull: ['pull', 'admin'],
  push: ['push', 'create', 'admin'],
  delete: ['delete', 'admin'],
  admin: ['admin'],
};

export class Rules {
  /** Undefined: nobody wrote any, so users may do everything, anonymous nothing. */
  readonly #rules: readonly AccessRule[] | undefined;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  #remembered = new WeakMap<Principal, Map<string, HeldRights>>();
  #rememberedNames = 0;

  /** `groups`: the groups of each user, by name, as the operator wrote them. */
  constructor(rules: readonly AccessRule[] | undefined, groups: ReadonlyMap<string, readonly string[]>) {
    this.#rules = rules;
    this.#groups = groups;
  }

  judge(principal: Principal, { action, repository }: Access): Ruling {
    switch (action) {
      case 'login':
        return { allowed: true, rule: 'everybody may ask for a token' };
      case 'ping':
        // Also where anonymous may pull: `docker login` asks for nothing where it is let in without.
        return principal.shown === 'nothing'
          ? { allowed: false, rule: nothingShown }
          : { allowed: true, rule: 'whoever has credentials may see that a registry is here' };
      case 'catalog':
        return this.#judgeCatalog(principal);
      case 'metrics':
        return this.#judgeMetrics(principal);
      case 'admin':
        return repository === undefined ? notAllowed : this.#judgeIn(principal, action, repository);
      case 'pull':
      case 'push':
      case 'delete':
        return repository === undefined ? this.#judgeAnywhere(principal) : this.#judgeIn(principal, action, repository);
    }
  }

  #remember(principal: Principal, repository: RepositoryName, held: HeldRights): void {
    if (this.#rememberedNames >= maxRemembered) {
      this.#remembered = new WeakMap();
      this.#rememberedNames = 0;
    }
    this.#rememberedNames += 1;
    const names = this.#remembered.get(principal) ?? new Map<string, HeldRights>();
    this.#remembered.set(principal, names.set(repository, held));
  }

  /** What somebody may do in a repository, whether it exists or not. */
  heldIn(principal: Principal, repository: RepositoryName): HeldRights {
    const known = this.#remembered.get(principal)?.get(repository);
    if (known !== undefined) return known;
    const held = new Map<Right, string>();
    for (const { may, rule } of this.#rulesFor(principal, repository)) {
      for (const right of may) if (!held.has(right)) held.set(right, rule);
    }
    this.#remember(principal, repository, held);
    return held;
  }

  /** Whoever may `admin` changes every tag. Who holds `create` alone moves none that is there; an immutable one stays whatever it means. */
  protection(principal: Principal, action: 'push' | 'delete', repository: RepositoryName): TagProtection | undefined {
    const held = this.heldIn(principal, repository);
    if (held.has('admin')) return undefined;
    const mayOnlyCreate = action === 'push' && !held.has('push');
    const immutable = this.#immutableIn(repository);
    if (!mayOnlyCreate && immutable.length === 0) return undefined;
    return {
      whyKept: (tag) => {
        const pattern = immutable.find((glob) => glob.matches(tag));
        if (pattern !== undefined) return `tags ${pattern.text} are immutable here`;
        return mayOnlyCreate ? 'tags may only be created' : undefined;
      },
    };
  }

  /** Patterns of tags, of all rules about this repository, whomever else they are for. */
  #immutableIn(repository: RepositoryName): readonly NameGlob[] {
    const meant = (this.#rules ?? []).filter(({ repositories }) =>
      repositories.some((glob) => glob.matches(repository)),
    );
    return meant.flatMap(({ immutable }) => immutable);
  }

  #judgeIn(principal: Principal, action: keyof typeof sufficient, repository: RepositoryName): Ruling {
    const held = this.heldIn(principal, repository);
    for (const right of sufficient[action]) {
      const rule = held.get(right);
      if (rule !== undefined) return { allowed: true, rule };
    }
    return notAllowed;
  }

  /** What the list holds is filtered by what may be pulled. */
  #judgeCatalog(principal: Principal): Ruling {
    if (principal.kind !== 'anonymous') return { allowed: true, rule: 'users may list what they may pull' };
    // oras and others show what they were logged in with only when they are asked: their user would see what anonymous sees.
    if (principal.shown === 'nothing') return { allowed: false, rule: nothingShown };
    const at = this.#rules?.findIndex(
      ({ who, may }) => may.some(isReading) && who.some(({ kind }) => kind === 'anonymous'),
    );
    if (at === undefined || at < 0) return { allowed: false, rule: 'no rule lets anonymous pull anything' };
    return { allowed: true, rule: ruleName(at) };
  }

  /** They tell of the whole server: `metrics` counts whatever repositories its rule is about, `admin` only where it is for all of them. */
  #judgeMetrics(principal: Principal): Ruling {
    for (const { may, rule, repositories } of this.#rulesOf(principal)) {
      const isAdmin = may.includes('admin') && repositories.some(isEverything);
      if (isAdmin || may.includes('metrics')) return { allowed: true, rule };
    }
    return { allowed: false, rule: 'no rule lets see metrics' };
  }

  /** A pull from whatever repository has the blob: for who may pull from all of them. */
  #judgeAnywhere(principal: Principal): Ruling {
    const everywhere = [...this.#rulesOf(principal)].find(
      ({ may, repositories }) => may.some(isReading) && repositories.some(isEverything),
    );
    if (everywhere === undefined) return { allowed: false, rule: 'no rule allows to pull from every repository' };
    return { allowed: true, rule: everywhere.rule };
  }

  *#rulesFor(principal: Principal, repository: RepositoryName): Generator<{ may: readonly Right[]; rule: string }> {
    for (const { may, rule, repositories } of this.#rulesOf(principal)) {
      if (repositories.some((glob) => glob.matches(repository))) yield { may, rule };
    }
  }

  /** All that hold for somebody, wherever. */
  *#rulesOf(principal: Principal): Generator<Pick<AccessRule, 'may' | 'repositories'> & { readonly rule: string }> {
    const { grant, name, kind } = principal;
    if (grant !== undefined) yield { ...grantOf(grant), rule: `the token ${name}` };
    else if (this.#rules === undefined && kind !== 'anonymous') yield everything;
    const groups = (kind !== 'robot' && name !== undefined && this.#groups.get(name)) || [];
    for (const [at, { who, may, repositories }] of (this.#rules ?? []).entries()) {
      if (who.some((each) => isMeant(each, principal, groups))) yield { may, repositories, rule: ruleName(at) };
    }
  }
}

const everything = {
  may: ['pull', 'push', 'delete', 'admin'] as readonly Right[],
  repositories: globsOf(['**']),
  rule: 'without rules, users may do everything',
};

function grantOf({ repositories, may }: NonNullable<Principal['grant']>): Pick<AccessRule, 'may' | 'repositories'> {
  return { repositories: globsOf(repositories), may };
}

function isEverything({ text }: NameGlob): boolean {
  return text === '**';
}

function isReading(right: Right): boolean {
  return right === 'pull' || right === 'admin';
}

function ruleName(at: number): string {
  return `rule ${at + 1}`;
}
