import { budgetGate, pass, stop } from '../gate.ts';
import { atTime, since } from '../words.ts';

/** A safety check or dry run stopped this target less than `retry_after` ago, or it had nothing to do. */
export const retryLater = budgetGate('retry_later', (_mapping, { now, policy }, { stopped }) => {
  if (stopped === null) return pass('nothing stopped it lately');
  const opensAt = stopped.at + policy.retry_after;
  const words = `ended as ${stopped.state} ${since(stopped.at, now)}`;
  return now >= opensAt ? pass(words) : stop(`${words}, next try at ${atTime(opensAt)}`, opensAt);
});
