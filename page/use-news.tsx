// A list that follows what happens in the registry: at once while it is short; else somebody says when, since what they read would go away.
import { useState } from 'preact/hooks';
import { useLive } from './live.ts';
import type { MoreOf } from './use-more.ts';

const shortList = 50;

/** Returns what is to be shown above the list. */
export function useNews<Row>(
  list: Pick<MoreOf<Row>, 'loaded' | 'isMore' | 'again'>,
  concerns: (repository: string | undefined) => boolean,
) {
  const [isOld, setIsOld] = useState(false);
  useLive(concerns, () => {
    const rows = list.loaded.kind === 'here' ? list.loaded.value.length : 0;
    if (rows <= shortList) list.again();
    else setIsOld(true);
  });
  const show = () => {
    setIsOld(false);
    list.again();
  };
  return (
    <p role="status" class="news">
      {isOld && (
        <>
          Something changed.{' '}
          <button type="button" onClick={show}>
            Show it
          </button>
        </>
      )}
    </p>
  );
}
