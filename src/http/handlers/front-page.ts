// What whoever opens the printed address gets: a browser the web page, where it was built, and anybody else a few lines of text, which say that
// this is a registry and how it is used. Both are shown to everybody: who somebody is the page asks before it shows what is here.
import type { FastifyRequest } from 'fastify';
import { parseAuthority } from '../authority.ts';
import { catalogUrl } from '../headers.ts';
import { firstPage } from '../page-files.ts';
import type { Handler } from './handler-context.ts';
import { sendFile } from './page-file.ts';

/** Browsers name it, and nobody else does; `;q=0` is how one is told not to. */
const wantsHtml = /(?:^|[\s,])text\/html\s*(?:$|,|;(?!\s*q=0(?:\.0*)?\s*(?:$|,)))/i;

export const showFrontPage: Handler = async ({ answers, page }, request, reply) => {
  const isHtml = wantsHtml.test(request.headers.accept ?? '');
  const file = isHtml ? await page.file(firstPage) : undefined;
  // A new version is there at once.
  if (file !== undefined) return sendFile(answers, request, reply, file, ['Cache-Control', 'no-cache']);
  const pull = `docker pull ${hostOf(request)}/NAME:TAG`;
  const type = `text/${isHtml ? 'html' : 'plain'}; charset=utf-8`;
  const body = Buffer.from(isHtml ? plainPage(pull) : text(pull));
  answers.bytes(reply, 200, ['Content-Type', type, 'Vary', 'Accept'], body);
};

/** As the client wrote it, where that is an authority: it then holds nothing that HTML could mistake for markup. */
function hostOf({ headers: { host = '' } }: FastifyRequest): string {
  return parseAuthority(host)?.host ? host : 'HOST';
}

const what =
  'This is a registry of OCI images. Clients push to it and pull from it: docker, podman, oras, helm and others.';

function text(pull: string): string {
  return `moorage\n\n${what}\n\n  ${pull}\n\n${catalogUrl} lists the repositories.\n`;
}

/** Where the page was not built. Without a style, which the headers of every answer forbid. */
function plainPage(pull: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>moorage</title>
<h1>moorage</h1>
<p>${what}</p>
<pre>${pull}</pre>
<p><a href="${catalogUrl}">The repositories here</a>, as JSON.</p>
</html>
`;
}
