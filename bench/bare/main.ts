// The bare node:http server, the bound of what a registry on Node can answer: every body and its headers prepared in
// memory, one map look-up a request, nothing checked. Run as `node main.js ROOT PORT`.

import { createServer } from 'node:http';
import { readAnswers } from '../content/answers.ts';

const [root = '', port = ''] = process.argv.slice(2);

const answerOf = new Map(
  readAnswers(root).map(({ path, contentType, digest, body }) => {
    const headers = ['Content-Type', contentType, 'Content-Length', String(body.length)];
    if (digest !== '') headers.push('Docker-Content-Digest', digest, 'ETag', `"${digest}"`);
    return [path, { headers, body }];
  }),
);

const server = createServer((request, response) => {
  const answer = answerOf.get(request.url ?? '');
  if (answer === undefined) {
    response.writeHead(404, ['Content-Length', '0']).end();
    return;
  }
  response.writeHead(200, answer.headers);
  response.end(answer.body);
});

server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
