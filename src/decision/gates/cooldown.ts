import { budgetGate, pass, stop } from '../gate.ts';
import { atTime, num, since } from '../words.ts';

const HOUR = 3_600_000;

/** Every real run starts the cooldown, whether it succeeded or failed. A clock that jumped back never shortens it. */
export const cooldown = budgetGate('cooldown', ({ action }, { now }, { runs }) => {
  const last = runs[0];
  if (last === undefined) return pass(`${action.playbook} has not run`);
  const opensAt = last.started_at + action.cooldown_hours * HOUR;
  const ran = `${action.playbook} ran ${since(last.started_at, now)}, cooldown ${num(action.cooldown_hours)} h`;
  return now >= opensAt ? pass(ran) : stop(`${ran} until ${atTime(opensAt)}`, opensAt);
});
