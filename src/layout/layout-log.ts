// What a layout tells the operator. An interface, since the logger belongs to a layer above.

export interface LayoutLog {
  info(message: string, details: object): void;
  warn(message: string, details: object): void;
}
