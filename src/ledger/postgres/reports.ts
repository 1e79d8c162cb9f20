import type {
  ExecutionReport,
  Report,
  ReportChannel,
  ReportDraft,
  ReportSubject,
  SettledReport,
} from '../../execution/report.ts';
import { LONGEST_LEASE } from '../rules.ts';
import { insertRows, type Query } from './query.ts';

export interface NewReport {
  readonly channel: ReportChannel;
  readonly subject: ReportSubject;
  readonly at: number;
}

/** Puts reports on the queue; each with the execution that it tells of, if any. */
export async function insertReports(query: Query, reports: readonly NewReport[]): Promise<void> {
  await insertRows(
    query,
    'reports',
    { channel: 'text', subject: 'text', execution_id: 'text', created_at: 'bigint', next_at: 'float8' },
    reports.map(({ channel, subject, at }) => ({
      channel,
      subject: JSON.stringify(subject),
      execution_id: 'execution' in subject ? subject.execution.id : null,
      created_at: at,
      next_at: at,
    })),
  );
}

export async function takeReports(
  query: Query,
  channel: ReportChannel,
  now: number,
  limit: number,
  lease: number,
): Promise<readonly Report[]> {
  const rows = await query<Omit<Report, 'subject'> & { subject: string }>(
    `UPDATE reports SET next_at = $1 WHERE id IN (
       SELECT id FROM reports WHERE channel = $2 AND (next_at <= $3 OR next_at > $4) ORDER BY id LIMIT $5
     ) RETURNING id, channel, subject, created_at, attempts`,
    [now + lease, channel, now, now + LONGEST_LEASE, limit],
  );
  return rows
    .toSorted((a, b) => a.id - b.id)
    .map((row) => ({ ...row, subject: JSON.parse(row.subject) as ReportSubject }));
}

/** Takes reports off the queue and notes for their executions what became of them; the number of reports. */
export async function settleReports(
  query: Query,
  which: 'id = $1' | 'created_at < $1',
  value: number,
  result: SettledReport['result'],
  at: number,
): Promise<number> {
  const gone = await query<{ id: number; execution_id: string | null; channel: string; attempts: number }>(
    `DELETE FROM reports WHERE ${which} RETURNING id, execution_id, channel, attempts`,
    [value],
  );
  await insertRows(
    query,
    'deliveries',
    { execution_id: 'text', channel: 'text', result: 'text', attempts: 'bigint', at: 'bigint' },
    gone
      .toSorted((a, b) => a.id - b.id)
      .flatMap(({ execution_id, channel, attempts }) =>
        execution_id === null
          ? []
          : [{ execution_id, channel, result, attempts: attempts + (result === 'delivered' ? 1 : 0), at }],
      ),
  );
  return gone.length;
}

export async function reportFailed(query: Query, id: number, nextAt: number): Promise<void> {
  await query('UPDATE reports SET attempts = attempts + 1, next_at = $1 WHERE id = $2', [nextAt, id]);
}

/** Settled ones first, in the order in which that happened, then those that wait. */
export async function reportsOf(query: Query, executionId: string): Promise<readonly ExecutionReport[]> {
  const settled = await query<SettledReport>(
    'SELECT channel, result, attempts, at FROM deliveries WHERE execution_id = $1 ORDER BY id',
    [executionId],
  );
  const waiting = await query<{ channel: ReportChannel; attempts: number }>(
    'SELECT channel, attempts FROM reports WHERE execution_id = $1 ORDER BY id',
    [executionId],
  );
  return [
    ...settled,
    ...waiting.map(({ channel, attempts }) => ({ channel, result: 'waiting' as const, attempts, at: null })),
  ];
}

/** Puts a report on the queue unless one with this mark was put there before; whether it did. */
export async function reportOnce(query: Query, mark: string, draft: ReportDraft, at: number): Promise<boolean> {
  const noted = await query(
    'INSERT INTO notes (name, at) VALUES ($1, $2) ON CONFLICT (text_key(name)) DO NOTHING RETURNING at',
    [mark, at],
  );
  if (noted.length === 0) return false;
  await insertReports(query, [{ ...draft, at }]);
  return true;
}
