import { newestProblem } from '../newest-entries.ts';
import type { ChainStore } from '../sealing.ts';
import { sqliteChainReads } from './chain-reads.ts';
import { newestEntries } from './newest-entries.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export function sqliteChain({ reader, writer }: { readonly reader: Reader; readonly writer: Writer }): ChainStore {
  return {
    ...sqliteChainReads((query) => reader.read(query)),
    newestProblem: () => reader.snapshot((sql) => newestProblem(newestEntries({ prepare: sql }))),
    boundary: (since) =>
      reader.read((sql) => {
        const row = sql(
          `SELECT coalesce(
             (SELECT min(c.seq) - 1 FROM chain AS c WHERE c.kind = 'decision' AND c.row =
               (SELECT seq FROM decisions WHERE decided_at >= ? ORDER BY decided_at LIMIT 1)),
             (SELECT max(seq) FROM chain), 0) AS entry`,
        ).get(since);
        return row!['entry'] as number;
      }),
    addCheckpoint: (checkpoint) => writer.call('addCheckpoint', checkpoint),
    dropEntries: (upTo, after) => writer.call('dropEntries', { upTo, after }),
  };
}
