// Addresses and networks, as they are written: a list in the file, commas in the environment.
import { isIP } from 'node:net';

/** The loopback of either family. */
const loopback = ['127.0.0.0/8', '::1'];

/** `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`, or `loopback`. Undefined for what is none of them. */
export function parseNetworkList(written: string | readonly string[]): readonly string[] | undefined {
  const words = typeof written === 'string' ? written.split(',') : written;
  const networks = words.map((word) => word.trim().toLowerCase()).filter((word) => word !== '');
  if (networks.length === 0 || !networks.every((each) => each === 'loopback' || isNetwork(each))) return undefined;
  return networks.flatMap((each) => (each === 'loopback' ? loopback : [each]));
}

function isNetwork(written: string): boolean {
  const [, address = '', length] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/.exec(written) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  // Whoever trusts everybody believes what anybody writes.
  return length === undefined || (Number(length) > 0 && Number(length) <= (family === 4 ? 32 : 128));
}
