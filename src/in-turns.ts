/** So many are worked on at once: some milliseconds, at a third of a millisecond for what is decided on the first time. */
const AT_ONCE = 25;
/**
 * Not more than this are worked on in one go: bodies that take turns with each other keep alive for longer what they are made
 * of, and a body of a hundred costs two fifths more.
 */
const SHORT = 100;

/** Resolves when the event loop has turned: others had theirs. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Works on all of them in their order; where they are many the event loop turns in between, and others get theirs. */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T, at: number) => R | Promise<R>,
): Promise<readonly R[]> {
  // Most bodies hold one alert.
  if (items.length === 1) return [await work(items[0]!, 0)];
  if (items.length <= SHORT) return await all(items.map(work));
  const done: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    if (from > 0) await nextTurn();
    const part = items.slice(from, from + AT_ONCE);
    for (const result of await all(part.map((item, at) => work(item, from + at)))) done.push(result);
  }
  return done;
}

/** `Promise.all`, which makes a promise of each, only where there is one among them. */
function all<R>(results: readonly (R | Promise<R>)[]): readonly R[] | Promise<readonly R[]> {
  return results.some((result) => result instanceof Promise) ? Promise.all(results) : (results as readonly R[]);
}
