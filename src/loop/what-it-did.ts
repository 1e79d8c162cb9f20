import { bytesInWords } from '../decision/words.ts';
import type { PhaseOutcome } from '../execution/execution.ts';
import type { Target } from '../prediction/prediction.ts';

/** What a dry run says it would do. */
export function summaryOf(outcome: PhaseOutcome): string {
  return outcome.result?.summary ?? `ended in ${tookSeconds(outcome)} s`;
}

/**
 * What a real run that went well did: in the words of the playbook where it counts its changes or bytes; else that it
 * does not. The file system is quoted where the playbook is silent, and where nothing at all was freed of the bytes that
 * it, or its dry run (`promised`), spoke of.
 */
export function whatItDid(outcome: PhaseOutcome, target: Target, promised: number | null = null): string {
  const { result, used_bytes } = outcome;
  if (result !== null && (result.changes !== null || result.freed_bytes !== null)) {
    const spokenOf = Math.max(promised ?? 0, result.freed_bytes ?? 0);
    if (!(spokenOf > 0) || used_bytes === null || used_bytes.after < used_bytes.before) return summaryOf(outcome);
    return `${summaryOf(outcome)}; of ${bytesInWords(spokenOf)} nothing shows: ${usedInWords(used_bytes, target)}`;
  }
  const said = result?.summary ?? `exit code 0 after ${tookSeconds(outcome)} s, and it did not say what it changed`;
  return used_bytes === null ? said : `${said}; ${usedInWords(used_bytes, target)}`;
}

/** The numbers are those of this machine, also for a prediction about another: then the words say so. */
function usedInWords({ before, after }: { before: number; after: number }, { resource, host }: Target): string {
  const subject = `the file system of ${resource}${host === null ? '' : ' on this machine'}`;
  if (after === before) return `${subject} used ${bytesInWords(before)} before and after: nothing changed`;
  if (after < before)
    return `${subject} freed ${bytesInWords(before - after)}: it used ${bytesInWords(before)} before and ${bytesInWords(after)} after`;
  return `${subject} used ${bytesInWords(before)} before and ${bytesInWords(after - before)} more after: nothing was freed`;
}

function tookSeconds({ duration_seconds }: PhaseOutcome): number {
  return Math.round(duration_seconds * 10) / 10;
}
