// What whoever opens the printed address is told: that this is a registry, and how it is used. Static, since it is shown to everybody
// (also below a name that somebody else made lead here), and without a style, which the headers of every answer forbid.
import type { FastifyRequest } from 'fastify';
import { parseAuthority } from '../authority.ts';
import { catalogUrl } from '../headers.ts';
import type { Handler } from './handler-context.ts';

/** Browsers name it, and nobody else does; `;q=0` is how one is told not to. */
const wantsHtml = /(?:^|[\s,])text\/html\s*(?:$|,|;(?!\s*q=0(?:\.0*)?\s*(?:$|,)))/i;

export const showFrontPage: Handler = ({ answers }, request, reply) => {
  const pull = `docker pull ${hostOf(request)}/NAME:TAG`;
  const isHtml = wantsHtml.test(request.headers.accept ?? '');
  const type = `text/${isHtml ? 'html' : 'plain'}; charset=utf-8`;
  answers.bytes(reply, 200, ['Content-Type', type, 'Vary', 'Accept'], Buffer.from(isHtml ? page(pull) : text(pull)));
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

function page(pull: string): string {
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
