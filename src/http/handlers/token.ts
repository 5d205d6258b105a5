// The token endpoint (Docker's token authentication; by POST, its OAuth2 form): credentials in, a token out.
import type { FastifyRequest } from 'fastify';
import { scopeText } from '../../auth/granted-scope.ts';
import type { IssuedToken, TokenService } from '../../auth/tokens/token-service.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { clientAddressOf } from '../client-address.ts';
import type { HeaderList } from '../headers.ts';
import { allValues } from '../query.ts';
import type { Handler, HandlerContext } from './handler-context.ts';

const notStored: HeaderList = ['Cache-Control', 'no-store'];

/** For anonymous as well, who may pull where a rule says so: clients ask for a token before they know whether they need one. */
export const issueToken: Handler = async (context, request, reply) => {
  const tokens = tokensOf(context);
  const scopes = allValues(request.query, 'scope');
  const issued = await context.gate.credentials.verified(request, async () => {
    return tokens.issue(await tokens.accountOf(context.gate.credentials.shownBy(request)), scopes);
  });
  context.answers.json(reply, 200, notStored, answerOf(issued));
};

/** containerd and oras ask so, with the password in the form. */
export const exchangePassword: Handler = async (context, request, reply) => {
  const tokens = tokensOf(context);
  assertForm(request);
  const issued = await context.forms.with(request, reply, async (bytes) => {
    const form = new URLSearchParams(bytes.toString('utf8'));
    assertPasswordGrant(form);
    const [name, password] = [form.get('username') ?? '', form.get('password') ?? ''];
    return context.gate.credentials.verified(request, async () => {
      const account = await tokens.accountWith(name, password, clientAddressOf(request) ?? '');
      await context.gate.audit.recordLogin(request, account.principal);
      return tokens.issue(account, form.getAll('scope'));
    });
  });
  const scope = issued.scope.map(scopeText).join(' ');
  context.answers.json(reply, 200, notStored, { ...answerOf(issued), token_type: 'Bearer', scope });
};

/**
 * Without `issued_at`, clients count from their own clock: one that is a day off, ours or theirs, does no harm. Without a refresh token:
 * clients keep the password anyway until they have one, and it would be one more secret that outlives what it was given for.
 */
function answerOf({ token, expiresInS }: IssuedToken) {
  return { token, access_token: token, expires_in: expiresInS };
}

/** Where nobody is asked who they are there is nothing to give a token to. */
function tokensOf({ tokens }: HandlerContext): TokenService {
  if (tokens !== undefined) return tokens;
  throw new RegistryError('UNSUPPORTED', { status: 404, message: 'this registry gives out no tokens' });
}

function assertForm({ raw }: FastifyRequest): void {
  if (/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(raw.headers['content-type'] ?? '')) return;
  throw new RegistryError('UNSUPPORTED', { status: 400, message: 'not a form (application/x-www-form-urlencoded)' });
}

/** Clients that are refused so ask by GET. */
function assertPasswordGrant(form: URLSearchParams): void {
  if (form.get('grant_type') === 'password') return;
  throw new RegistryError('UNSUPPORTED', {
    status: 400,
    message: 'unsupported grant type',
    detail: 'tokens are given for a password (grant_type=password), and there are no refresh tokens',
  });
}
