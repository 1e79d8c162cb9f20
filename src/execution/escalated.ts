import type { Execution } from './execution.ts';

/** Why a person has to act on a target, as far as that lasts: two reasons of decisions, and two that no decision has. */
export const ESCALATED = ['too_urgent', 'circuit_open', 'masked', 'unconfirmed'] as const;
export type EscalatedFor = (typeof ESCALATED)[number];

/** A target that a person has to act on now. */
export interface Escalated {
  readonly playbook: string;
  readonly reason: EscalatedFor;
}

export function isEscalatedFor(reason: string): reason is EscalatedFor {
  return (ESCALATED as readonly string[]).includes(reason);
}

/** When an execution that waits for confirmation has waited too long: half of the time is over, epoch milliseconds. */
export function tooLongAt({ claimed_at }: Pick<Execution, 'claimed_at'>, approvalTimeout: number): number {
  return claimed_at + approvalTimeout / 2;
}
