import { type Gate, pass, stop } from '../gate.ts';
import { atTime, shown } from '../words.ts';

/** The kill switch: `enable_auto_remediation: false`, or a pause by name. */
export const killSwitch: Gate = {
  reason: 'kill_switch',
  ask: ({ policy, now }, { pauses }) => {
    if (!policy.enable_auto_remediation) return stop('enable_auto_remediation is false');
    const active = pauses.filter((pause) => pause.until === null || !(now >= pause.until));
    if (active.length === 0) return pass('enabled, not paused');
    const words = active.map(({ name, reason, until }) => {
      const why = reason === null ? '' : ` (${shown(reason)})`;
      return `${shown(name)}${why}${until === null ? ', until it is resumed' : ` until ${atTime(until)}`}`;
    });
    const ends = active.map((pause) => pause.until);
    const message = `paused: ${words.join('; ')}`;
    return ends.every((end) => end !== null) ? stop(message, Math.max(...ends)) : stop(message);
  },
};
