// The bare node:http server of bench/bare: not a registry, but the bound of Node's own HTTP.

import { fileURLToPath } from 'node:url';
import { type Contestant, sitsOutWrites } from './contestant.ts';

export function nodeHttp(): Contestant {
  const main = fileURLToPath(new URL('../bare/main.js', import.meta.url));
  return {
    name: 'node-http',
    version: `Node ${process.versions.node}`,
    form: 'answers',
    setup:
      'bare node:http that answers the same bytes from memory and checks nothing; no registry, only a bound; reads only',
    sitsOut: sitsOutWrites,
    command: ({ root, port }) => ({ file: process.execPath, args: [main, root, String(port)], env: {} }),
  };
}
