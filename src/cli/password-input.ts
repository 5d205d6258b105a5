// A password that somebody types, which the terminal does not show, or one line of standard input.
import { StringDecoder } from 'node:string_decoder';
import { CommandError, InterruptedError } from './failure.ts';

/** Nobody's password; and a file that was piped by mistake ends soon. */
const maxInputBytes = 64 * 1024;

/** Twice, since nobody sees what was typed. */
export async function askNewPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new CommandError('there is no terminal to ask for the password; pipe it in with --password-stdin');
  }
  const password = await askHidden(`New password of ${name}: `);
  const again = await askHidden('The same once more: ');
  if (password === again) return password;
  throw new CommandError('the two passwords differ; nothing was changed');
}

/** Without the end of the line. */
export async function passwordFromStandardInput(): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) return askHidden('Password: ');
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stdin) {
    length += (part as Buffer).byteLength;
    if (length > maxInputBytes) throw new CommandError('standard input is longer than any password');
    parts.push(part as Buffer);
  }
  const [line = '', ...more] = Buffer.concat(parts).toString('utf8').split(/\r?\n/);
  if (more.some((each) => each !== '')) throw new CommandError('standard input has more than one line');
  return line;
}

/** As the keyboard sends them in raw mode. */
const keys = { interrupt: '\u0003', endOfInput: '\u0004', erase: ['\u007f', '\b'], eraseLine: '\u0015' };

/** A line of the terminal, unseen. The question goes to standard error. */
function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const decoder = new StringDecoder('utf8');
  stderr.write(question);
  stdin.setRawMode(true);
  return new Promise<string>((resolve, reject) => {
    let typed: readonly string[] = [];
    const finish = (act: () => void) => {
      stdin.off('data', onData).pause();
      stdin.setRawMode(false);
      stderr.write('\n');
      act();
    };
    const onData = (data: Buffer) => {
      const characters = [...decoder.write(data)];
      for (const [at, character] of characters.entries()) {
        if (character === '\r' || character === '\n' || character === keys.endOfInput) {
          const rest = characters.slice(at + 1).join('');
          const password = typed.join('');
          finish(() => resolve(password));
          // What was pasted or typed ahead answers the next question.
          if (rest !== '') stdin.unshift(Buffer.from(rest));
          return;
        }
        if (character === keys.interrupt) {
          finish(() => reject(new InterruptedError('stopped; nothing was changed', 130)));
          return;
        }
        if (keys.erase.includes(character)) typed = typed.slice(0, -1);
        else if (character === keys.eraseLine) typed = [];
        else typed = [...typed, character];
      }
    };
    stdin.on('data', onData).resume();
  });
}
