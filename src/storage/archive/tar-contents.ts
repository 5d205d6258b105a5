// What the headers of a tar add up to: where the bytes of each member are, where symbolic links lead, and what was left out.
// Later members of a name take the place of earlier ones, as they do when a tar is unpacked.
import { StorageError } from '../storage-error.ts';
import { maxPathLength, memberPath, pathRefusal } from './member-path.ts';
import type { PlacedPiece } from './sparse-map.ts';
import type { TarHeader } from './tar-header.ts';

export interface Member {
  /** Of its first byte that is in the archive. */
  readonly offset: number;
  /** Holes included. */
  readonly size: number;
  /** Of a sparse member: what is in the archive. The rest is zeros. */
  readonly pieces?: readonly PlacedPiece[];
}

/** Why nobody can say what its bytes are. */
export interface UnusableMember {
  readonly unusable: string;
}

export interface IgnoredMember {
  readonly name: string;
  readonly reason: string;
}

export interface TarLimits {
  readonly maxMembers: number;
  /** Of all paths and link targets together, in characters. */
  readonly maxNameLength: number;
  /** Bytes of all holes together: a few bytes of a map can ask for any number of zeros, which are read and hashed like others. */
  readonly maxHoles: number;
  readonly maxPieces: number;
}

const maxReported = 100;
const maxReportedLength = 200;

const typesWithoutContent: Readonly<Record<string, string>> = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a FIFO',
};

export class TarContents {
  readonly members = new Map<string, Member>();
  readonly symbolicLinks = new Map<string, string>();
  /** The first that were left out, and how many there are. */
  readonly ignored: IgnoredMember[] = [];
  ignoredCount = 0;
  readonly #limits: TarLimits;
  #seen = 0;
  #nameLength = 0;
  #holes = 0;
  #pieces = 0;

  constructor(limits: TarLimits) {
    this.#limits = limits;
  }

  /** Takes in one member, as it would be if it is a file. Throws 'too-large' when there are too many. */
  add(header: TarHeader, member: Member | UnusableMember): void {
    this.#count(header);
    const refusal = pathRefusal(header.path);
    if (refusal !== undefined) {
      this.#ignore(header.path, refusal);
      return;
    }
    const path = memberPath(header.path);
    this.members.delete(path);
    this.symbolicLinks.delete(path);
    const reason = path === '' ? undefined : this.#place(path, header, member);
    if (reason !== undefined) this.#ignore(path, reason);
  }

  /** Takes out what lies below a member that is no directory: nothing can be there. For the end. */
  removeImpossible(): void {
    const possible = new Set<string>();
    for (const path of this.members.keys()) {
      if (this.#hasFileAbove(path, possible)) {
        this.members.delete(path);
        this.#ignore(path, 'a member above it is not a directory');
      }
    }
  }

  /** Why the member was left out; undefined when it was not. */
  #place(path: string, header: TarHeader, member: Member | UnusableMember): string | undefined {
    const { type } = header;
    // A directory in V7 is a file whose name ends in a slash.
    if (type === '5' || (type === '0' && header.path.endsWith('/'))) return undefined;
    if (type === '0' || type === '7' || type === 'S') return this.#file(path, member);
    if (type === '1') return this.#link(path, header.linkPath);
    if (type === '2') return this.#symbolicLink(path, header.linkPath);
    return `it is ${typesWithoutContent[type] ?? `of the unknown type ${JSON.stringify(type)}`}`;
  }

  #file(path: string, member: Member | UnusableMember): string | undefined {
    if ('unusable' in member) return member.unusable;
    if (member.pieces !== undefined) {
      const last = member.pieces.at(-1);
      const { maxHoles, maxPieces } = this.#limits;
      this.#holes += member.size - (last === undefined ? 0 : last.stored + last.length);
      this.#pieces += member.pieces.length;
      if (this.#holes > maxHoles) return `the holes of sparse members are larger than ${maxHoles} bytes together`;
      if (this.#pieces > maxPieces) return `the maps of sparse members have more than ${maxPieces} pieces together`;
    }
    this.members.set(path, member);
    return undefined;
  }

  #symbolicLink(path: string, target: string): string | undefined {
    if (target.length > maxPathLength) return 'what it links to has too long a name';
    this.symbolicLinks.set(path, target);
    return undefined;
  }

  #link(path: string, linkPath: string): string | undefined {
    const target = pathRefusal(linkPath) === undefined ? memberPath(linkPath) : '';
    const member = this.members.get(target);
    const leadsTo = this.symbolicLinks.get(target);
    if (member !== undefined) this.members.set(path, member);
    else if (leadsTo !== undefined) this.symbolicLinks.set(path, leadsTo);
    else return `it is a hard link to ${shortened(linkPath)}, which is not before it in the archive`;
    return undefined;
  }

  #count({ path, linkPath }: TarHeader): void {
    this.#seen += 1;
    this.#nameLength += path.length + linkPath.length;
    const { maxMembers, maxNameLength } = this.#limits;
    if (this.#seen > maxMembers) throw new StorageError('too-large', `the archive has more than ${maxMembers} members`);
    if (this.#nameLength > maxNameLength) {
      throw new StorageError(
        'too-large',
        `the names in the archive are longer than ${maxNameLength} characters together`,
      );
    }
  }

  #hasFileAbove(path: string, possible: Set<string>): boolean {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (possible.has(parent)) return false;
      if (this.members.has(parent)) return true;
      possible.add(parent);
    }
    return false;
  }

  #ignore(name: string, reason: string): void {
    this.ignoredCount += 1;
    if (this.ignored.length < maxReported) this.ignored.push({ name: shortened(name), reason });
  }
}

function shortened(name: string): string {
  if (name.length <= maxReportedLength) return name;
  // Through bytes: a slice of a string keeps the whole string, and that may be a megabyte.
  return `${Buffer.from(name.slice(0, maxReportedLength)).toString()}…`;
}
