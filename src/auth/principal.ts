// Who is asking.

export interface Principal {
  /** Undefined when nobody said who they are. */
  readonly name: string | undefined;
}

export const anonymous: Principal = { name: undefined };
