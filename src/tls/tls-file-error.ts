// A file of `server.tls` that cannot be used. The message names the setting, the file and what is wrong, and quotes nothing of it.

export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';
}
