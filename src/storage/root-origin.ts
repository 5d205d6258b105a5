// How a root began: what nothing in it leads to is nobody's where moorage made everything, and may be somebody's elsewhere.

/**
 * `created`: by moorage, or empty when it was first served. `adopted`: there were files of others. `earlier`: an earlier version served
 * it, and nobody wrote down which of the two it was.
 */
export type RootOrigin = 'created' | 'adopted' | 'earlier';

export const rootOrigins: readonly RootOrigin[] = ['created', 'adopted', 'earlier'];
