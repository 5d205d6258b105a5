// Scripts and styles of the web page. Their names change with what is in them, so that a browser asks once.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../../oci/error-code.ts';
import type { Answers } from '../answers.ts';
import type { HeaderList } from '../headers.ts';
import { firstPage, type PageFile } from '../page-files.ts';
import { parameterOf } from '../request-context.ts';
import type { Handler } from './handler-context.ts';

const keptForever: HeaderList = ['Cache-Control', 'public, max-age=31536000, immutable'];

export const sendPageFile: Handler = async ({ answers, page }, request, reply) => {
  const name = parameterOf(request, 'file');
  const file = name === firstPage ? undefined : await page.file(name);
  if (file === undefined) throw new RegistryError('UNSUPPORTED', { status: 404, message: 'no such file of the page' });
  sendFile(answers, request, reply, file, keptForever);
};

/** Compressed for whoever takes it. */
export function sendFile(
  answers: Answers,
  { headers: asked }: FastifyRequest,
  reply: FastifyReply,
  { type, bytes, gzip }: PageFile,
  headers: HeaderList,
): void {
  const isCompressed = takesGzip(String(asked['accept-encoding'] ?? ''));
  const encoding = isCompressed ? ['Content-Encoding', 'gzip'] : [];
  const vary = ['Vary', 'Accept, Accept-Encoding'];
  const list = ['Content-Type', type, ...encoding, ...vary, ...headers];
  answers.page(reply, list, isCompressed ? gzip : bytes);
}

/** RFC 9110, 12.5.3: a weight of 0 is a refusal, wherever it stands among the parameters. */
export function takesGzip(accepted: string): boolean {
  return accepted.split(',').some((each) => {
    const [coding = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
