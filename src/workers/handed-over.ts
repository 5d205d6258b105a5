// The connection that a worker was being handed when it ended. node:cluster hands one at a time to each, keeps its own descriptor of it
// until the worker says that it took it, and forgets it when that never comes: its client would wait for an answer for ever.
import type { ChildProcess } from 'node:child_process';

interface ClosableHandle {
  close(): void;
}

/** As node:cluster sends it (lib/internal/cluster/utils.js). */
interface NewConnection {
  readonly cmd: 'NODE_CLUSTER';
  readonly act: 'newconn';
  readonly seq: number;
}

/** Watches what a process is handed. Returns what closes the connections that it did not take. */
export function watchHandedOver(process: ChildProcess): () => void {
  const handed = new Map<number, ClosableHandle>();
  const send = process.send.bind(process) as (...all: readonly unknown[]) => boolean;
  process.send = (...all: readonly unknown[]) => {
    const [message, handle] = all;
    if (isNewConnection(message) && isClosable(handle)) handed.set(message.seq, handle);
    return send(...all);
  };
  process.on('internalMessage', ({ ack }: { readonly ack?: number }) => {
    if (ack !== undefined) handed.delete(ack);
  });
  return () => {
    for (const handle of handed.values()) handle.close();
    handed.clear();
  };
}

function isNewConnection(message: unknown): message is NewConnection {
  if (typeof message !== 'object' || message === null) return false;
  const { cmd, act, seq } = message as Partial<NewConnection>;
  return cmd === 'NODE_CLUSTER' && act === 'newconn' && typeof seq === 'number';
}

function isClosable(handle: unknown): handle is ClosableHandle {
  return typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function';
}
