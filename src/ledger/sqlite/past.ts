import type { PastStore } from '../../replay/record.ts';
import {
  inPages,
  PAST_DECISION,
  PAST_EXECUTION,
  PAST_PAGE,
  type PastDecisionRow,
  type PastExecutionRow,
  toPastDecision,
  toPastExecution,
} from '../past.ts';
import type { Reader } from './reader.ts';

/** `flush`: what is counted in memory goes on record first. */
export function sqlitePast({
  reader,
  flush,
}: {
  readonly reader: Reader;
  readonly flush: () => Promise<void>;
}): PastStore {
  return {
    async *decisions(since) {
      await flush();
      const first = await reader.read(
        (sql) =>
          sql('SELECT min(seq) AS seq FROM decisions INDEXED BY decisions_time WHERE decided_at >= ?').get(since)![
            'seq'
          ] as number | null,
      );
      if (first === null) return;
      const page = (after: number) =>
        reader.read(
          (sql) =>
            sql(`SELECT ${PAST_DECISION} FROM decisions WHERE seq > ? ORDER BY seq LIMIT ${PAST_PAGE}`).all(
              after,
            ) as unknown as PastDecisionRow[],
        );
      yield* inPages(first - 1, page, toPastDecision);
    },
    executions: () =>
      inPages(
        0,
        (after) =>
          reader.read(
            (sql) =>
              sql(`SELECT ${PAST_EXECUTION} FROM executions WHERE seq > ? ORDER BY seq LIMIT ${PAST_PAGE}`).all(
                after,
              ) as unknown as PastExecutionRow[],
          ),
        toPastExecution,
      ),
  };
}
