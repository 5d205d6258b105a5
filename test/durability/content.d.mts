export const manifestType: string;
export function digestOf(bytes: Uint8Array | string): string;
export function manifestNamed(name: string): Buffer<ArrayBuffer>;
export function pushTag(url: string, repository: string, tag: string): Promise<number>;
export function pushBlob(url: string, repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<number>;
