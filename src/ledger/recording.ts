import type { Decision, DecisionInput, Draft } from '../decision/decision.ts';
import type { ReportChannel, ReportDraft } from '../execution/report.ts';
import { decided } from './decided.ts';
import { newId } from './ids.ts';
import type { VerdictOnRecord } from './ledger.ts';
import type { Count } from './tally.ts';

/** The newest decision of a target, as far as a refusal may repeat it. */
export interface Newest {
  readonly id: string;
  readonly reason: string;
  readonly repeats: number;
}

/** An approval with the ids under which it and its execution go on record. */
export function approvalOf(input: DecisionInput, draft: Draft): Decision & { readonly execution_id: string } {
  const execution_id = newId('exec', input.now);
  const record = { id: newId('dec', input.now), execution_id, repeats: 0, last_at: input.now };
  return { ...decided(input, draft, record), execution_id };
}

/**
 * What becomes of anything but an approval: `ignored` is counted and not kept, a `repeat` is counted on the record that it
 * repeats, a `new` one is a record of its own.
 */
export function refusalOf(
  input: DecisionInput,
  draft: Draft,
  newest: Newest | null,
): { readonly as: 'ignored' | 'repeat' | 'new'; readonly decision: Decision } {
  const fresh = { id: newId('dec', input.now), execution_id: null, repeats: 0, last_at: input.now };
  if (draft.verdict === 'ignored') return { as: 'ignored', decision: decided(input, draft, { ...fresh, id: '' }) };
  if (newest?.reason !== draft.reason) return { as: 'new', decision: decided(input, draft, fresh) };
  const repeated = { ...fresh, id: newest.id, repeats: newest.repeats + 1 };
  return { as: 'repeat', decision: decided(input, draft, repeated) };
}

/** Only such a draft can repeat what is on record. */
export function isKeptRefusal({ verdict }: Draft): boolean {
  return verdict !== 'approved' && verdict !== 'ignored';
}

/** Under what a decision is counted. */
export function countOf(type: string | undefined, { verdict, reason }: Pick<Draft, 'verdict' | 'reason'>): Count {
  return { type: type ?? '', verdict, reason };
}

/** What is told of a verdict: people hear of what is masked in place of the outcome that showed it, not of both. */
export function reportsOn(
  { execution, runs, masking }: VerdictOnRecord,
  channels: readonly ReportChannel[],
): readonly ReportDraft[] {
  if (masking === null) return channels.map((channel) => ({ channel, subject: { kind: 'outcome', execution, runs } }));
  const others = channels.filter((channel) => channel !== 'discord');
  return [
    ...others.map((channel) => ({ channel, subject: { kind: 'outcome' as const, execution, runs } })),
    { channel: 'discord', subject: { kind: 'masking', execution, masking } },
  ];
}
