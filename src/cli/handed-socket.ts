// A socket that systemd opened and hands over (sd_listen_fds(3)): LISTEN_PID says for which process it is, LISTEN_FDS how many there are, and the
// first one is descriptor 3.
import type { Environment } from '../config/environment.ts';
import { everyInterface, hostInUrl, type ListenAddress } from '../config/listen-address.ts';
import { isError } from '../oci/is-error.ts';
import { CommandError } from './failure.ts';

const firstDescriptor = 3;

/** Of both families, or of IPv4 alone where there is no other. */
const everywhere = new Set([everyInterface, '::', '0.0.0.0']);

/** The descriptor; undefined: there is none for this process. Refuses several with a CommandError. */
export function handedSocket({ LISTEN_PID, LISTEN_FDS }: Environment, pid: number): number | undefined {
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined || LISTEN_FDS === '0') return undefined;
  if (LISTEN_FDS === '1') return firstDescriptor;
  throw new CommandError(
    `LISTEN_FDS=${LISTEN_FDS}: moorage takes one socket from whoever starts it; leave one ListenStream=`,
  );
}

/**
 * What is checked of requests, and what the banner says, follows server.listen: a socket that is open to others than that says is refused with a
 * CommandError, as is what is no socket.
 */
export async function takenOver(listens: Promise<ListenAddress>, meant: ListenAddress): Promise<ListenAddress> {
  const opened = await listens.catch((error: unknown) => {
    const why = isError(error) ? error.message : String(error);
    throw new CommandError(`what was handed over (LISTEN_FDS) is no socket to listen on: ${why}`, { cause: error });
  });
  const isHost = opened.host === meant.host || (everywhere.has(opened.host) && everywhere.has(meant.host));
  if (isHost && opened.port === meant.port) return opened;
  const [here, there] = [opened, meant].map(({ host, port }) => `${hostInUrl(host)}:${port}`);
  throw new CommandError(
    `the socket that was handed over is ${here}, and server.listen is ${there}: both must be the same`,
  );
}
