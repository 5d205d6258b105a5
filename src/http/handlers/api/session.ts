// Who is looking, and what this registry lets them do.
import type { Handler } from '../handler-context.ts';

export const showApiSession: Handler = ({ registry, answers, gate }, request, reply) => {
  const { name, kind } = request.principal;
  answers.json(reply, 200, ['Cache-Control', 'no-store'], {
    user: name,
    kind,
    everybodySeesAll: gate.everybodySeesAll,
    readOnly: registry.whyReadOnly(undefined),
  });
};
