// What keeps a source from being opened, in words for whoever named it.

export class SourceError extends Error {
  override readonly name = 'SourceError';
}
