import type { DecisionInput } from '../decision/decision.ts';
import type { ActionMapping, Mapping } from '../mapping/mapping.ts';
import { mappingOf } from '../mapping/match.ts';
import type { Basis, PastDecision } from './record.ts';

/** A decision with what it was made of. */
export interface KnownDecision extends PastDecision {
  readonly basis: Basis;
}

/** The input of a decision, as it was; at another instant with a prediction that is just as old then. */
export function inputAt({ decision, basis }: KnownDecision, at: number): DecisionInput {
  const { prediction, trigger, target, decided_at } = decision;
  const { pauses: _pauses, proof: _proof, ...kept } = basis;
  return {
    ...kept,
    trigger,
    target,
    now: at,
    prediction: prediction === null ? null : { ...prediction, observed_at: prediction.observed_at + (at - decided_at) },
  };
}

/** What the ledger kept of a decision's facts, as of another instant: a pause that refused it last is still set. */
export function keptAt({ decision, basis }: KnownDecision, at: number): Pick<Basis, 'pauses' | 'proof'> {
  const { pauses, proof } = basis;
  const held = at > decision.decided_at && decision.reason === 'kill_switch';
  return { pauses: held ? pauses.map((pause) => ({ ...pause, until: null })) : pauses, proof };
}

/** What another mapping asks and nobody wrote down; it is taken as passed. */
export type Assumed = 'not_persistent' | 'unsafe_value' | 'unproven' | 'blast_radius';

/** The same under another mapping. `localZone`: of hours that name none, where the time did not need it. */
export function under(
  mapping: ActionMapping,
  input: DecisionInput,
  localZone: string,
): { readonly input: DecisionInput; readonly assumed: readonly Assumed[] } {
  const before = input.mapping;
  const after = input.prediction === null ? null : mappingOf(mapping, input.prediction);
  const { enable_auto_remediation, dry_run_mode, max_daily_executions, exclude, time_zone } = mapping.global_settings;
  const asked = before !== null && before.action.allowed_hours !== null && before.action.time_zone === null;
  const zone = time_zone ?? (asked ? input.policy.time_zone : localZone);
  const policy = {
    ...input.policy,
    ...{ enable_auto_remediation, dry_run_mode, max_daily_executions, exclude, time_zone: zone },
  };
  if (after === null) {
    return { input: { ...input, policy, mapping: null, unsafe_value: null, fleet: null, consecutive: 0 }, assumed: [] };
  }
  const samePlaybook = before?.action.playbook === after.action.playbook;
  const known = before !== null && sameWindow(before, after);
  const enough = after.conditions.min_consecutive;
  const radius = after.action.blast_radius;
  const blind = !samePlaybook && radius?.percent != null;
  const assumed: Assumed[] = [];
  if (!samePlaybook) assumed.push('unsafe_value');
  if (!known && enough > 1) assumed.push('not_persistent');
  if (before === null) assumed.push('unproven');
  if (blind) assumed.push('blast_radius');
  const changed = {
    policy,
    mapping: blind ? withoutPercent(after) : after,
    unsafe_value: samePlaybook ? input.unsafe_value : null,
    fleet: samePlaybook ? input.fleet : null,
    consecutive: known ? input.consecutive : Math.max(1, enough, input.consecutive),
  };
  return { input: { ...input, ...changed }, assumed };
}

function sameWindow(a: Mapping, b: Mapping): boolean {
  const of = ({ conditions: { min_days_until_critical, max_days_until_critical, min_confidence } }: Mapping) =>
    JSON.stringify([min_days_until_critical, max_days_until_critical, min_confidence]);
  return of(a) === of(b);
}

/** A share of an inventory whose size nobody wrote down. */
function withoutPercent(mapping: Mapping): Mapping {
  const { blast_radius } = mapping.action;
  const rest = blast_radius?.hosts == null ? null : { ...blast_radius, percent: null };
  return { ...mapping, action: { ...mapping.action, blast_radius: rest } };
}
