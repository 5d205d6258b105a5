// Events for whoever listens right now, as the HTTP layer is given them: without who did it, since that is not everybody's business.

export interface LiveEvent {
  readonly id: string;
  /** `push`, `delete`, `tag`, `mount` or `collection`. */
  readonly type: string;
  /** Undefined for what is about no repository: for whoever may see all of them. */
  readonly repository: string | undefined;
  /** A CloudEvent, as JSON. */
  readonly json: string;
}

export interface LiveEvents {
  /** How many listen. */
  readonly listeners: number;
  /** Also tells those that came after the event of that id; `isComplete`: whether that is still known. */
  listen(
    listener: (event: LiveEvent) => void,
    afterId: string | undefined,
  ): { readonly isComplete: boolean; readonly stop: () => void };
}
