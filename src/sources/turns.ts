/** Runs what it is given one after the other, in the order of the calls; a rejection stops none that follows. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

/**
 * Runs `work` one at a time. Calls that come while it runs share the one run that follows, forced when one of them is: so
 * each caller gets the answer of a run that began after its call.
 */
export function createSharedTurns<T>(work: (force: boolean) => Promise<T>): (force: boolean) => Promise<T> {
  let running: Promise<T> | null = null;
  let waiting: { force: boolean; readonly result: Promise<T> } | null = null;

  function begin(force: boolean): Promise<T> {
    const result = work(force);
    running = result;
    const ended = () => {
      if (running === result) running = null;
    };
    result.then(ended, ended);
    return result;
  }

  return (force) => {
    if (waiting !== null) {
      waiting.force ||= force;
      return waiting.result;
    }
    if (running === null) return begin(force);
    const follow = () => {
      const isForced = waiting?.force ?? force;
      waiting = null;
      return begin(isForced);
    };
    const result = running.then(follow, follow);
    waiting = { force, result };
    return result;
  };
}
