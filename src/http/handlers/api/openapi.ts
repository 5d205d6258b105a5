// The description of `/api`.
import type { Handler } from '../handler-context.ts';

export const showOpenApi: Handler = async ({ answers }, _request, reply) => {
  const { openApiDocument } = await import('../../openapi.ts');
  answers.json(reply, 200, [], openApiDocument());
};
