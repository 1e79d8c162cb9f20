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
import type { Query } from './query.ts';

/** `flush`: what is counted in memory goes on record first. */
export function postgresPast({
  read,
  flush,
}: {
  readonly read: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
  readonly flush: () => Promise<void>;
}): PastStore {
  const page =
    <Row extends object>(columns: string, table: string) =>
    (after: number) =>
      read((query) =>
        query<Row>(`SELECT ${columns} FROM ${table} WHERE seq > $1 ORDER BY seq LIMIT ${PAST_PAGE}`, [after]),
      );
  return {
    async *decisions(since) {
      await flush();
      const [first] = await read((query) =>
        query<{ seq: number | null }>('SELECT min(seq + 0) AS seq FROM decisions WHERE decided_at >= $1', [since]),
      );
      if (first?.seq == null) return;
      yield* inPages(first.seq - 1, page<PastDecisionRow>(PAST_DECISION, 'decisions'), toPastDecision);
    },
    executions: () => inPages(0, page<PastExecutionRow>(PAST_EXECUTION, 'executions'), toPastExecution),
  };
}
