// The version check: "this is a registry" (distribution-spec, end-1).
import type { Handler } from './handler-context.ts';

export const checkVersion: Handler = ({ answers }, _request, reply) => answers.json(reply, 200, [], {});
