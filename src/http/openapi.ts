// The description of `/api` (OpenAPI 3.1), made from the shapes of its answers. Loaded by whoever asks for it.
import { z } from 'zod';
import { comparison } from '../browse/comparison/comparison-schema.ts';
import * as schemas from '../browse/schemas.ts';

interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post';
  readonly summary: string;
  readonly query?: readonly (keyof typeof queryParameters)[];
  readonly body?: z.ZodType;
  readonly answer: z.ZodType | undefined;
  /** Of the answer; JSON unless it is said. */
  readonly type?: string;
}

const list = ['n', 'last', 'q'] as const;

export const operations: readonly Operation[] = [
  { path: '/api/openapi.json', method: 'get', summary: 'This description', answer: undefined },
  { path: '/api/session', method: 'get', summary: 'Who is looking', answer: schemas.session },
  { path: '/api/repositories', method: 'get', summary: 'Repositories', query: list, answer: schemas.repositories },
  { path: '/api/repositories/:name', method: 'get', summary: 'One repository', answer: schemas.repository },
  {
    path: '/api/repositories/:name/findings',
    method: 'get',
    summary: 'Where it lies, and what `moorage inspect` finds there',
    answer: schemas.findings,
  },
  { path: '/api/repositories/:name/tags', method: 'get', summary: 'Its tags', query: list, answer: schemas.tags },
  {
    path: '/api/repositories/:name/tags/:tag/history',
    method: 'get',
    summary: 'What a tag meant over time',
    answer: schemas.moves,
  },
  {
    path: '/api/repositories/:name/tags/:tag/rollback',
    method: 'post',
    summary: 'Puts a tag back to what it meant',
    body: schemas.rollbackRequest,
    answer: schemas.rollback,
  },
  {
    path: '/api/repositories/:name/images/:reference',
    method: 'get',
    summary: 'An image by tag or digest, with platforms, attestations and referrers',
    answer: schemas.image,
  },
  {
    path: '/api/repositories/:name/compare',
    method: 'get',
    summary: 'What differs between two images, their files included',
    query: ['from', 'to', 'toRepository', 'platform', 'files'],
    answer: comparison,
  },
  { path: '/api/disk', method: 'get', summary: 'What is on the disk', answer: schemas.disk },
  {
    path: '/api/events',
    method: 'get',
    summary:
      'What happens, as it happens: server-sent events, each a CloudEvent, named push, delete, tag, mount, collection or missed',
    answer: undefined,
    type: 'text/event-stream',
  },
];

const queryParameters = {
  n: { schema: { type: 'integer', minimum: 0 }, description: 'at most so many; 50 unless given, never more than 200' },
  last: { schema: { type: 'string' }, description: 'go on after this one' },
  q: { schema: { type: 'string' }, description: 'only what holds it' },
  from: { schema: { type: 'string' }, required: true, description: 'a tag or a digest' },
  to: { schema: { type: 'string' }, required: true, description: 'a tag or a digest' },
  toRepository: { schema: { type: 'string' }, description: 'the repository of `to`, where it is another one' },
  platform: {
    schema: { type: 'string' },
    description: 'os/architecture, of images for several; the first that both have unless given',
  },
  files: { schema: { type: 'boolean' }, description: 'false: layers are not read; true unless given' },
};

const pathParameters: Readonly<Record<string, string>> = {
  name: 'of a repository, its slashes as %2F',
  tag: 'a tag',
  reference: 'a tag or a digest',
};

export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method]: described(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'moorage',
      version: '1',
      description:
        'What a registry holds, for people and scripts. Images are pushed and pulled by the OCI distribution API below /v2/.',
    },
    paths,
    components: { schemas: { Errors: jsonSchemaOf(schemas.failure) } },
  };
}

function described({ path, summary, query = [], body, answer, type = 'application/json' }: Operation): object {
  const inPath = [...path.matchAll(/:([a-z]+)/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' }, description: pathParameters[name] },
  }));
  const inQuery = query.map((name) => ({ name, in: 'query', ...queryParameters[name] }));
  const untold = { type: type === 'application/json' ? 'object' : 'string' };
  const schema = answer === undefined ? untold : jsonSchemaOf(answer);
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: jsonSchemaOf(body) } } } }),
    responses: {
      200: { description: summary, content: { [type]: { schema } } },
      default: {
        description: 'a refusal, as below /v2/',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Errors' } } },
      },
    },
  };
}

/** References within it count from the schema itself, which is a document of its own by its `$id`. */
function jsonSchemaOf(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input' });
}
