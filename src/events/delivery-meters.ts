// What deliveries tell whoever counts them.

export interface DeliveryMeters {
  /** A message was sent to the endpoint of that name, and this is what became of it. */
  readonly attempted: (endpoint: string, outcome: 'delivered' | 'again' | 'dead') => void;
}

export const noDeliveryMeters: DeliveryMeters = { attempted: () => {} };
