import { RETENTION_TURN, type RetentionStore } from '../retention.ts';
import type { Reader } from './reader.ts';
import { oldDecisions, oldExecutions } from './retention.ts';
import type { Writer } from './writer.ts';

export function sqliteRetention({
  reader,
  writer,
}: {
  readonly reader: Reader;
  readonly writer: Writer;
}): RetentionStore {
  return {
    turn: (now, lease) => writer.call('takeTurn', { now, lease }),
    endTurn: async () => void (await writer.call('forgetReport', { mark: RETENTION_TURN })),
    newest: () =>
      reader.read((sql) => sql('SELECT max(decided_at) AS at FROM decisions').get()!['at'] as number | null),
    executions: (rule, after) => reader.read((sql) => oldExecutions(sql, rule, after)),
    decisions: (rule, after) => reader.read((sql) => oldDecisions(sql, rule, after)),
    prune: (what) => writer.call('prune', what),
    pruneScores: (rule) => writer.call('pruneScores', rule),
  };
}
