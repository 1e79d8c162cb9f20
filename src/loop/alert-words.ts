import type { DecisionInput } from '../decision/decision.ts';
import type { Heard } from '../execution/by-alert.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isByName } from '../prediction/by-name.ts';
import { type Target, targetKey } from '../prediction/prediction.ts';

/** Where what was heard lies among the ledger's values. */
const PREFIX = 'alert:';
/** An alert that goes on firing is said again by then, milliseconds. */
const KEPT_FOR = 35 * 86_400_000;

/** What was heard last of one alert. */
export interface AlertWord extends Heard {
  readonly target: Target;
  /** Of the alert: several may be about one target. */
  readonly fingerprint: string;
}

/** What an alert that a mapping names said; nothing for any other input. */
export function wordOf({ alert, target, prediction, now }: DecisionInput): AlertWord[] {
  if (alert === null || alert.fingerprint === null || target === null) return [];
  if (prediction === null || !isByName(prediction)) return [];
  return [{ target, fingerprint: alert.fingerprint, status: alert.status, at: now }];
}

/** Resolves when that is durable. A word replaces what was heard of the same alert before. */
export async function noteWords(words: readonly AlertWord[], { values }: Pick<Ledger, 'values'>): Promise<void> {
  if (words.length === 0) return;
  const entries = words.map(({ target, fingerprint, status, at }) => {
    return [`${prefixOf(target)}${fingerprint}`, JSON.stringify({ status, at })] as const;
  });
  await values.setAll(entries, Math.max(...words.map(({ at }) => at)) + KEPT_FOR);
}

/** What was heard last of each alert about this target. */
export async function wordsOf(target: Target, { values }: Pick<Ledger, 'values'>): Promise<readonly Heard[]> {
  return (await values.list(prefixOf(target))).map(([, text]) => JSON.parse(text) as Heard);
}

function prefixOf(target: Target): string {
  return `${PREFIX}${targetKey(target)} `;
}
