// Which extensions of the API there are (distribution-spec, extensions/_oci.md: component ext, module discover).
import type { Handler } from './handler-context.ts';

const url = 'https://github.com/opencontainers/distribution-spec/pull/606';
const description = 'What a tag meant over time';

const extensions = (endpoints: readonly string[]) =>
  Buffer.from(JSON.stringify({ extensions: [{ name: '_oci', url, description, endpoints }] }));

const ofRegistry = extensions([
  '/v2/_oci/ext/discover',
  '/v2/<name>/_oci/ext/discover',
  '/v2/<name>/_oci/tag-history/<tag>',
]);
const ofRepository = extensions(['_oci/ext/discover', '_oci/tag-history/<tag>']);

export const listExtensions: Handler = ({ answers }, _request, reply) => {
  answers.bytes(reply, 200, ['Content-Type', 'application/json'], ofRegistry);
};

export const listRepositoryExtensions: Handler = ({ answers }, _request, reply) => {
  answers.bytes(reply, 200, ['Content-Type', 'application/json'], ofRepository);
};
