// What every handler is given.
import type { Registry } from '../../registry/registry.ts';
import type { Answers } from '../answers.ts';
import type { Gate } from '../authorize.ts';
import type { BlobSender } from '../blob-sender.ts';
import type { HttpSettings } from '../http-settings.ts';

export interface HandlerContext {
  readonly registry: Registry;
  readonly answers: Answers;
  readonly gate: Gate;
  readonly sender: BlobSender;
  readonly settings: HttpSettings;
}
