import type { DecisionInput, Draft, Facts, GateResult } from './decision.ts';
import type { Gate, GateAnswer } from './gate.ts';
import { blastRadius } from './gates/blast-radius.ts';
import { circuitOpen } from './gates/circuit-open.ts';
import { cooldown } from './gates/cooldown.ts';
import { dailyLimit } from './gates/daily-limit.ts';
import { excluded } from './gates/excluded.ts';
import { inProgress } from './gates/in-progress.ts';
import { killSwitch } from './gates/kill-switch.ts';
import { limit } from './gates/limit.ts';
import { lowConfidence } from './gates/low-confidence.ts';
import { noMapping } from './gates/no-mapping.ts';
import { noPrediction } from './gates/no-prediction.ts';
import { notAPrediction } from './gates/not-a-prediction.ts';
import { notFiring } from './gates/not-firing.ts';
import { notPersistent } from './gates/not-persistent.ts';
import { notUrgentYet } from './gates/not-urgent-yet.ts';
import { outsideHours } from './gates/outside-hours.ts';
import { retryLater } from './gates/retry-later.ts';
import { settling } from './gates/settling.ts';
import { silenced } from './gates/silenced.ts';
import { stalePrediction } from './gates/stale-prediction.ts';
import { tooUrgent } from './gates/too-urgent.ts';
import { unproven } from './gates/unproven.ts';
import { unreadable } from './gates/unreadable.ts';
import { unsafeValue } from './gates/unsafe-value.ts';
import { weeklyLimit } from './gates/weekly-limit.ts';
import { VERDICT_OF } from './reason.ts';
import { isInstant } from './words.ts';

/** The order of the gates; the first that stops decides. */
export const GATES: readonly Gate[] = [
  unreadable,
  notFiring,
  notAPrediction,
  noPrediction,
  killSwitch,
  silenced,
  noMapping,
  unsafeValue,
  excluded,
  stalePrediction,
  tooUrgent,
  notUrgentYet,
  lowConfidence,
  notPersistent,
  unproven,
  inProgress,
  circuitOpen,
  cooldown,
  settling,
  retryLater,
  limit,
  weeklyLimit,
  dailyLimit,
  blastRadius,
  outsideHours,
];

/** Asks the gates in their order up to the first that stops. */
export function decide(input: DecisionInput, facts: Facts): Draft {
  const gates: GateResult[] = [];
  for (const gate of GATES) {
    const answer = gate.ask(input, facts);
    gates.push(result(gate, answer));
    if (answer.outcome === 'stop') return refusal(gate, answer, gates);
  }
  return approval(gates);
}

/** Asks every gate, also those behind the first that stops: for people who want to see what else stands in the way. */
export function explain(input: DecisionInput, facts: Facts): Draft {
  const gates = GATES.map((gate) => result(gate, gate.ask(input, facts)));
  const first = GATES.findIndex((_gate, at) => gates[at]?.outcome === 'stop');
  return first < 0 ? approval(gates) : refusal(GATES[first]!, GATES[first]!.ask(input, facts), gates);
}

function result(gate: Gate, answer: GateAnswer): GateResult {
  return { gate: gate.reason, outcome: answer.outcome, message: answer.message };
}

function refusal(gate: Gate, answer: GateAnswer, gates: readonly GateResult[]): Draft {
  const opensAt = answer.outcome === 'stop' ? answer.opensAt : undefined;
  return {
    verdict: VERDICT_OF[gate.reason],
    reason: gate.reason,
    message: answer.message,
    gates,
    next_attempt_at: opensAt !== undefined && isInstant(opensAt) ? opensAt : null,
  };
}

function approval(gates: readonly GateResult[]): Draft {
  return { verdict: 'approved', reason: 'approved', message: 'every gate passed', gates, next_attempt_at: null };
}
