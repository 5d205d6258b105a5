// Puts a tag back to what it meant: for those who may push, and never a tag that they may not move.
import { isDigest } from '../../../oci/digest.ts';
import { RegistryError } from '../../../oci/error-code.ts';
import { parseTag } from '../../../oci/reference.ts';
import { rollBack } from '../../../registry/rollbacks.ts';
import type { TagHistories } from '../../../registry/tag-histories.ts';
import { authorOf } from '../../change-author.ts';
import { parameterOf, repositoryNameOf } from '../../request-context.ts';
import type { Handler } from '../handler-context.ts';

type PointAsked = Parameters<TagHistories['planRollback']>[1];

/** `{"to": "sha256:..."}`; an empty object goes back to what the tag meant before. */
export const rollBackTag: Handler = async (context, request, reply) => {
  const { registry, answers, gate, forms } = context;
  const tag = parseTag(parameterOf(request, 'tag'));
  const point = await forms.with(request, reply, async (bytes) => pointIn(bytes));
  const { history, manifests } = await registry.writable(repositoryNameOf(request));
  const plan = await history.planRollback(tag, point);
  if (plan.missing.length > 0) {
    throw new RegistryError('MANIFEST_BLOB_UNKNOWN', {
      status: 409,
      message: 'not all of the image is here any more',
      detail: plan.missing.slice(0, 20).join(', '),
    });
  }
  await rollBack(manifests, plan, { protection: gate.protection(request, 'push'), by: authorOf(request) });
  answers.json(reply, 200, [], { tag, from: plan.from, to: plan.to });
};

function pointIn(bytes: Buffer): PointAsked {
  const to = memberOf(bytes.toString('utf8'));
  if (to === undefined) return undefined;
  if (typeof to === 'string' && isDigest(to)) return { kind: 'digest', begins: to };
  throw wrong('"to" is a whole digest');
}

function memberOf(text: string): unknown {
  const json = parsed(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('the body is a JSON object');
  return Object.hasOwn(json, 'to') ? (json as { to?: unknown }).to : undefined;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw wrong('the body is no JSON');
  }
}

function wrong(detail: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message: 'invalid rollback', detail });
}
