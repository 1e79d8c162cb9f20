import type { Decision, GateResult } from '../decision/decision.ts';
import { instant, predictionOnWire, targetOnWire } from './wire.ts';

/** The JSON of a decision in three parts: what is its own, what a refusal that comes again shares with the one before, its own. */
export type DecisionParts = readonly [head: string, what: Buffer, tail: string];

/** What stands between the times and the count of a decision, and of which one. */
interface Written {
  readonly of: Decision;
  readonly what: Buffer;
}

/** By the results of the gates: refusals that come again share them. */
const written = new WeakMap<readonly GateResult[], Written>();

/** The JSON of `decisionOnWire`. What comes again is not written again. */
export function decisionParts(decision: Decision): DecisionParts {
  const { id, decided_at, repeats, last_at } = decision;
  return [
    `{"id":${textOf(id === '' ? null : id)},"decided_at":${instantText(decided_at)}`,
    repeats === 0 ? whatIsDecided(decision) : whatIsDecidedAgain(decision),
    `,"repeats":${repeats},"last_at":${instantText(last_at)}}`,
  ];
}

function whatIsDecidedAgain(decision: Decision): Buffer {
  let known = written.get(decision.gates);
  if (known === undefined || !isSame(known.of, decision)) {
    known = { of: decision, what: whatIsDecided(decision) };
    written.set(decision.gates, known);
  }
  return known.what;
}

/** All but id, times and count. */
function isSame(a: Decision, b: Decision): boolean {
  return (
    a.trigger === b.trigger &&
    a.alertname === b.alertname &&
    a.fingerprint === b.fingerprint &&
    a.target === b.target &&
    a.prediction === b.prediction &&
    a.mapping === b.mapping &&
    a.playbook === b.playbook &&
    a.verdict === b.verdict &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.execution_id === b.execution_id &&
    a.next_attempt_at === b.next_attempt_at
  );
}

function whatIsDecided(decision: Decision): Buffer {
  const { trigger, target, prediction, gates } = decision;
  const alert =
    trigger === 'webhook'
      ? `,"alertname":${textOf(decision.alertname)},"fingerprint":${textOf(decision.fingerprint)}`
      : '';
  return Buffer.from(
    `,"trigger":"${trigger}"${alert}` +
      `,"target":${target === null ? 'null' : JSON.stringify(targetOnWire(target))}` +
      `,"prediction":${prediction === null ? 'null' : JSON.stringify(predictionOnWire(prediction))}` +
      `,"mapping":${textOf(decision.mapping)},"playbook":${textOf(decision.playbook)}` +
      `,"verdict":"${decision.verdict}","reason":"${decision.reason}","message":${textOf(decision.message)}` +
      `,"gates":${JSON.stringify(gates)},"execution_id":${textOf(decision.execution_id)}` +
      `,"next_attempt_at":${instantText(decision.next_attempt_at)}`,
  );
}

/** The parts in one, with what stands around them. */
export function joined(begin: string, decisions: readonly DecisionParts[], end: string): Buffer<ArrayBuffer> {
  let most = MOST_BYTES * (begin.length + end.length + decisions.length);
  for (const [head, what, tail] of decisions) most += MOST_BYTES * (head.length + tail.length) + what.length;
  const bytes = Buffer.allocUnsafe(most);
  let at = 0;
  // Few writes cost less than many: what stands between two of the large parts is one.
  let between = begin;
  for (const [head, what, tail] of decisions) {
    at += bytes.write(between + head, at);
    at += what.copy(bytes, at);
    between = `${tail},`;
  }
  const last = decisions.length === 0 ? begin : between.slice(0, -1);
  at += bytes.write(last + end, at);
  return bytes.subarray(0, at);
}

/** Of UTF-8, for each unit of a string. */
const MOST_BYTES = 3;

function textOf(value: string | null): string {
  return JSON.stringify(value);
}

let last: { readonly at: number | null; readonly text: string } = { at: null, text: 'null' };

/** Nothing in an instant has to be escaped. What is asked for is mostly what was asked for last. */
function instantText(at: number | null): string {
  if (last.at !== at) {
    const text = instant(at);
    last = { at, text: text === null ? 'null' : `"${text}"` };
  }
  return last.text;
}
