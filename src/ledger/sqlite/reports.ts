import type { ExecutionReport, ReportChannel, ReportDraft, SettledReport } from '../../execution/report.ts';
import type { Sql } from './statements.ts';

/** Takes reports off the queue and notes for their executions what became of them; the number of reports. */
export function settleReports(
  sql: Sql,
  which: 'id = ?' | 'created_at < ?',
  value: number,
  result: SettledReport['result'],
  at: number,
): number {
  sql(
    `INSERT INTO deliveries (execution_id, channel, result, attempts, at)
     SELECT json_extract(subject, '$.execution.id'), channel, ?, attempts + ?, ? FROM reports
     WHERE ${which} AND json_extract(subject, '$.execution.id') IS NOT NULL`,
  ).run(result, result === 'delivered' ? 1 : 0, at, value);
  return Number(sql(`DELETE FROM reports WHERE ${which}`).run(value).changes);
}

/** Settled ones first, in the order in which that happened, then those that wait. */
export function reportsOf(sql: Sql, executionId: string): readonly ExecutionReport[] {
  const settled = sql('SELECT channel, result, attempts, at FROM deliveries WHERE execution_id = ? ORDER BY id').all(
    executionId,
  ) as unknown as SettledReport[];
  const waiting = sql(
    `SELECT channel, attempts FROM reports WHERE json_extract(subject, '$.execution.id') = ? ORDER BY id`,
  ).all(executionId) as unknown as { channel: ReportChannel; attempts: number }[];
  return [
    ...settled.map(({ channel, result, attempts, at }) => ({ channel, result, attempts, at })),
    ...waiting.map(({ channel, attempts }) => ({ channel, result: 'waiting' as const, attempts, at: null })),
  ];
}

/** Puts a report on the queue unless one with this mark was put there before; whether it did. */
export function reportOnce(sql: Sql, mark: string, { channel, subject }: ReportDraft, at: number): boolean {
  const { changes } = sql('INSERT INTO notes (name, at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING').run(mark, at);
  if (changes === 0) return false;
  sql('INSERT INTO reports (channel, subject, created_at, next_at) VALUES (?, ?, ?, ?)').run(
    channel,
    JSON.stringify(subject),
    at,
    at,
  );
  return true;
}
