// PEM files (RFC 7468): which blocks are in one.

export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, ... */
  readonly label: string;
  /** From its first line to its last. */
  readonly text: string;
}

const block = /-----BEGIN ([A-Z0-9 ]{1,40})-----(?:[^-]|-(?!----))*-----END \1-----/g;

/** What stands between and before the blocks is commentary (RFC 7468, 2). */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(block)].map(([found, label = '']) => ({ label, text: found }));
}

export function isEncrypted({ label, text }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(text);
}
