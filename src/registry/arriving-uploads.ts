// Uploads that the other processes of the server have let go of for this one, until a request holds them here.
import type { UploadId } from '../oci/upload-id.ts';

interface Arrival {
  readonly id: UploadId;
  /** Resolves once a request holds it here, or none will. */
  readonly isOver: Promise<void>;
}

export class ArrivingUploads {
  readonly #arriving = new Set<Arrival>();

  /** Returns what says that it has arrived. */
  begin(id: UploadId): () => void {
    let end = () => {};
    const isOver = new Promise<void>((resolve) => {
      end = resolve;
    });
    const arrival = { id, isOver };
    this.#arriving.add(arrival);
    return () => {
      this.#arriving.delete(arrival);
      end();
    };
  }

  /** Resolves once none of that id is on its way that was so before. */
  async settled(id: UploadId): Promise<void> {
    await Promise.all([...this.#arriving].map((arrival) => arrival.id === id && arrival.isOver));
  }
}
