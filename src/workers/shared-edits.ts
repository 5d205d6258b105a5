// Edits of a layout go to the worker that owns it, so that group commit stays whole: sixty writers on two workers share replacements of
// index.json as on one. When the owner ends, whoever waits for it takes the lock.
import type { CrossingEdit } from '../layout/changes/crossing-edit.ts';
import type { EditOwners } from '../layout/changes/edit-owners.ts';
import type { LayoutPlace } from '../layout/changes/layout-place.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Registry } from '../registry/registry.ts';
import { ProcessGoneError } from './message-exchange.ts';
import type { GroupMember } from './messages.ts';
import { ownerOf } from './owner-of.ts';
import type { WorkerLink } from './worker-link.ts';

const editTopic = 'edit';
const readTopic = 'read';
/** Whoever reads while another pushes reads a new version with nearly every request. */
const tellEveryMs = 250;
/** Layouts of which the owner is remembered. */
const mostRemembered = 10_000;

interface AskedEdit {
  readonly place: LayoutPlace;
  readonly edit: CrossingEdit;
}

export class SharedEdits implements EditOwners {
  readonly #link: WorkerLink<unknown>;
  readonly #owners = new Map<string, GroupMember | undefined>();
  readonly #told = new Map<string, NodeJS.Timeout>();
  #registry: Registry | undefined;

  constructor(link: WorkerLink<unknown>) {
    this.#link = link;
    link.onMembers(() => this.#owners.clear());
  }

  /** Commits what others ask for. */
  serve(registry: Registry): void {
    const { exchange } = this.#link;
    exchange.answer(editTopic, async (question) => {
      const { place, edit } = question as AskedEdit;
      const changes = registry.layoutAt(place)?.changes;
      if (changes === undefined) throw unavailable('the process that stores it does not serve it now');
      await changes.commit(edit);
    });
    this.#registry = registry;
    exchange.answer(readTopic, async (place) => {
      await registry.layoutAt(place as LayoutPlace)?.readIndex();
    });
  }

  async commit(place: LayoutPlace, edit: CrossingEdit): Promise<boolean> {
    const owner = this.#elsewhere(place);
    if (owner === undefined) return false;
    try {
      await this.#link.exchange.ask(owner.number, editTopic, { place, edit } satisfies AskedEdit);
      return true;
    } catch (error) {
      if (!(error instanceof ProcessGoneError)) throw error;
      // It may have been done, and to do it again changes nothing then; but what it demands would be judged by its own outcome.
      if (edit.kind === 'put' && edit.condition === undefined) return false;
      throw unavailable('the process that was to store it has ended; look what is there, and try again');
    }
  }

  isToldOf(place: LayoutPlace): boolean {
    const owner = this.#elsewhere(place);
    if (owner === undefined) return false;
    const key = keyOf(place);
    if (this.#told.has(key)) return true;
    const tell = () => {
      this.#told.delete(key);
      void this.#tell(place);
    };
    this.#told.set(key, setTimeout(tell, tellEveryMs).unref());
    return true;
  }

  /** Whoever owns it by then: one may have ended meanwhile, or end before it has looked, and what it owned is another one's, or ours now. */
  async #tell(place: LayoutPlace): Promise<void> {
    const owner = this.#elsewhere(place);
    try {
      if (owner === undefined) this.#registry?.layoutAt(place)?.changes?.foreignRead();
      else await this.#link.exchange.ask(owner.number, readTopic, place);
    } catch (error) {
      // What cannot be read is tried again by whoever asks for it next.
      if (error instanceof ProcessGoneError) await this.#tell(place);
    }
  }

  /** Undefined where it is this process, or nobody. */
  #elsewhere(place: LayoutPlace): GroupMember | undefined {
    const key = keyOf(place);
    if (this.#owners.size > mostRemembered) this.#owners.clear();
    if (!this.#owners.has(key)) this.#owners.set(key, ownerOf(key, this.#link.members));
    const owner = this.#owners.get(key);
    return owner?.number === this.#link.order.number ? undefined : owner;
  }
}

function keyOf({ mount, prefix }: LayoutPlace): string {
  return `${mount} ${prefix}`;
}

function unavailable(detail: string): RegistryError {
  return new RegistryError('UNAVAILABLE', { detail, headers: { 'Retry-After': '1' } });
}
