// Every command of these documents works, in their order, as they stand there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksIn } from './document-blocks.ts';
import { clients, runDocument } from './run-document.ts';

const hasClients = existsSync(join(clients, 'oras'));
/** CI builds them before it asks for these. */
const isSkipped = !hasClients && process.env.MOORAGE_CLIENTS !== 'required';

describe.skipIf(isSkipped)(`docs${isSkipped ? ': there is no oras (test/interop/install-clients.sh)' : ''}`, () => {
  it.each(['first-five-minutes.md'])('%s', async (name) => {
    expect(await runDocument(name)).toBeGreaterThan(10);
  });
});

it('finds what is to be run', () => {
  const text = '```sh run\none\ntwo\n```\n\n```sh\nleft out\n```\n```sh serve\nserver\n```\n```text prints\nout\n```\n';
  expect(blocksIn(text)).toEqual([
    { kind: 'run', text: 'one\ntwo\n', line: 1 },
    { kind: 'serve', text: 'server\n', line: 9 },
    { kind: 'prints', text: 'out\n', line: 12 },
  ]);
});
