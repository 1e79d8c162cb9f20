import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from '../../src/ledger/sqlite/open.ts';
import { NOW } from '../support/decision.ts';
import { tempDir } from '../support/temp.ts';
import type { TestStore } from './contract.ts';

const open = new Set<Ledger>();

afterEach(async () => {
  await Promise.all([...open].map((ledger) => ledger.close()));
  open.clear();
});

export interface SqliteStore extends TestStore {
  readonly path: string;
  open(options?: Partial<SqliteLedgerOptions>): Promise<Ledger>;
}

/** A ledger file that is not there yet, in a folder that is not there yet. */
export function sqliteStore(path = join(tempDir(), 'data', 'forestall.db')): SqliteStore {
  return {
    path,
    async open(options = {}) {
      const ledger = await openSqliteLedger({ now: () => NOW, ...options, path });
      open.add(ledger);
      return ledger;
    },
  };
}
