// Memory of bytes that are written is given back at once. Node copies each piece of a body into a buffer of its own, 64 KiB and less; left to the
// collector, those of an upload are tens of megabytes until it comes, and it comes for them alone: it has been seen to go over the whole heap three
// times for 100 MiB, which took as long as to hash them.
import { MessageChannel, type MessagePort } from 'node:worker_threads';

let nowhere: MessagePort | undefined;

/** A transfer detaches the memory although nobody receives it (HTML, message ports). `ArrayBuffer.prototype.transfer` is not there on Node 20. */
function portToNowhere(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.unref();
  return port1;
}

/** The caller alone has it. It has no bytes afterwards, but where it is a part of something larger, which is left as it is. */
export function freeBytes({ byteLength, buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength === 0 || byteLength !== buffer.byteLength) return;
  nowhere ??= portToNowhere();
  nowhere.postMessage(undefined, [buffer]);
}
