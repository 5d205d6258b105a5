// What happens in repositories that the client may pull from, as it happens.
import { RegistryError } from '../../../oci/error-code.ts';
import { EventStream } from '../../event-stream.ts';
import type { LiveEvent } from '../../live-events.ts';
import type { Handler } from '../handler-context.ts';

/** Of one process. Each costs a connection. */
const mostListeners = 250;

export const streamEvents: Handler = ({ live, answers, gate, state }, request, reply) => {
  if (live === undefined) throw new RegistryError('UNSUPPORTED', { status: 404, message: 'nothing is told here' });
  if (live.listeners >= mostListeners) {
    throw new RegistryError('UNAVAILABLE', { detail: 'too many listen already', headers: { 'Retry-After': '5' } });
  }
  const isShown = gate.visibility(request) as ((repository: string) => boolean) | undefined;
  const mayHear = ({ repository }: LiveEvent) =>
    isShown === undefined || (repository !== undefined && isShown(repository));
  const lastId = request.headers['last-event-id'];
  const stream = new EventStream(
    answers.begin(reply, ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-store']),
  );
  const { isComplete, stop } = live.listen(
    (event) => {
      if (mayHear(event)) stream.send(event);
    },
    typeof lastId === 'string' ? lastId : undefined,
  );
  if (!isComplete) stream.missed();
  const forget = state.whenStopping(() => stream.end());
  reply.raw.once('close', () => {
    stop();
    forget();
  });
};
