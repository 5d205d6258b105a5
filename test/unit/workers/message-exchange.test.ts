// Questions, answers and news between processes, here within one, over what a channel would carry.
import { setImmediate as turn } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { expect, it } from 'vitest';
import { RegistryError } from '../../../src/oci/error-code.ts';
import { PreconditionFailedError } from '../../../src/oci/precondition.ts';
import { parseTag } from '../../../src/oci/reference.ts';
import { TagProtectedError } from '../../../src/oci/tag-protection.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { MessageExchange, ProcessGoneError } from '../../../src/workers/message-exchange.ts';
import type { Letter } from '../../../src/workers/messages.ts';

function pair() {
  const sent: (readonly Letter[])[] = [];
  const carry = (to: () => MessageExchange) => (letters: readonly Letter[]) => {
    sent.push(letters);
    for (const letter of deserialize(serialize(letters)) as readonly Letter[]) to().receive(letter);
  };
  const one: MessageExchange = new MessageExchange(
    1,
    carry(() => two),
  );
  const two: MessageExchange = new MessageExchange(
    2,
    carry(() => one),
  );
  return { one, two, sent };
}

it('answers each question, in whichever order', async () => {
  const { one, two } = pair();
  two.answer('double', async (question) => {
    if (question === 1) await turn();
    return Number(question) * 2;
  });
  expect(await Promise.all([1, 2, 3].map((each) => one.ask(2, 'double', each)))).toEqual([2, 4, 6]);
});

it('sends what is asked in one turn as one message', async () => {
  const { one, two, sent } = pair();
  two.answer('echo', async (question) => question);
  await Promise.all(Array.from({ length: 64 }, (_, at) => one.ask(2, 'echo', at)));
  expect(sent.map((letters) => letters.length)).toEqual([64, 64]);
});

it('refuses with the same error as there', async () => {
  const { one, two } = pair();
  const errors = [
    new RegistryError('MANIFEST_UNKNOWN', { detail: 'no such tag' }),
    new RegistryError('UNAVAILABLE', { status: 503, headers: { 'Retry-After': '2' } }),
    new PreconditionFailedError('If-Match names other content'),
    new TagProtectedError(parseTag('v1'), 'tags v* are immutable here'),
    new StorageError('no-space', 'the disk is full'),
  ];
  two.answer('fail', async (at) => {
    throw errors[Number(at)];
  });
  for (const [at, error] of errors.entries()) {
    const refused = await one.ask(2, 'fail', at).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(error.constructor);
    expect({ ...(refused as Error), message: (refused as Error).message }).toEqual({
      ...error,
      message: error.message,
    });
  }
});

it('says that whoever was asked has ended', async () => {
  const { one, two } = pair();
  two.answer('wait', () => new Promise(() => {}));
  const answer = one.ask(2, 'wait', undefined);
  one.gone(3);
  one.gone(2);
  await expect(answer).rejects.toThrow(ProcessGoneError);
});

it('tells news to the others', async () => {
  const { one, two } = pair();
  const heard: unknown[] = [];
  two.listen('weather', (news, from) => heard.push([news, from]));
  one.tell('weather', 'rain');
  one.tell('unheard', 'of');
  await turn();
  expect(heard).toEqual([['rain', 1]]);
});
