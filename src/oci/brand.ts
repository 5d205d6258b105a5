// Nominal types over plain values: a branded string is made only by its parser, so whoever holds one need not check it again.

declare const brand: unique symbol;

export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };
