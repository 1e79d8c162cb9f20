export type Verdict = 'approved' | 'rejected' | 'deferred' | 'escalated' | 'ignored';

/** The closed set of reasons with the verdict each one gives, in the order in which the gates stand. */
export const VERDICT_OF = {
  unreadable: 'rejected',
  not_firing: 'ignored',
  not_a_prediction: 'ignored',
  no_prediction: 'rejected',
  kill_switch: 'rejected',
  silenced: 'rejected',
  no_mapping: 'rejected',
  unsafe_value: 'rejected',
  excluded: 'rejected',
  stale_prediction: 'rejected',
  too_urgent: 'escalated',
  not_urgent_yet: 'deferred',
  low_confidence: 'rejected',
  not_persistent: 'deferred',
  unproven: 'rejected',
  in_progress: 'deferred',
  circuit_open: 'escalated',
  cooldown: 'deferred',
  settling: 'deferred',
  retry_later: 'deferred',
  limit: 'deferred',
  weekly_limit: 'deferred',
  daily_limit: 'deferred',
  blast_radius: 'deferred',
  outside_hours: 'deferred',
  approved: 'approved',
} as const satisfies Record<string, Verdict>;

export type Reason = keyof typeof VERDICT_OF;

/** A reason that stops: every one but `approved`. */
export type Refusal = Exclude<Reason, 'approved'>;
