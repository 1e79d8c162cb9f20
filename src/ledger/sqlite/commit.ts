import { LedgerUnavailable } from '../ledger.ts';
import { type ChainWriter, chainOn } from './chain.ts';
import { inOneLine, isBusy, isStoreFailure } from './errors.ts';
import { checkStillThere, type OpenFile, openForWriting } from './file.ts';
import { type Answer, monotonicNow, type Request, toWire } from './messages.ts';
import { checkNotNewer, schemaVersion } from './migrations.ts';
import { Expired, type Operations, operationsOn } from './operations.ts';
import { statementsOf } from './statements.ts';

export interface Committer {
  /**
   * All requests in one transaction, a savepoint each, so that one that fails leaves the others alone. Answers after the
   * commit; null when another process holds the lock. Where the store fails nothing was written, every answer says so,
   * and the next call opens the file anew.
   */
  commit(requests: readonly Request[]): readonly Answer[] | null;
  close(): void;
}

export const EXPIRED: Answer = {
  ok: false,
  error: { kind: 'unavailable', message: 'the ledger was not ready in time; nothing was written' },
};

interface Connection extends OpenFile {
  readonly operations: Operations;
  readonly chain: ChainWriter;
}

/** Opens the file at once; throws what `openForWriting` throws. */
export function createCommitter(path: string, create: boolean): Committer {
  let deadline = Infinity;
  let connection: Connection | null = create ? connect(true) : null;

  function connect(create: boolean): Connection {
    const file = openForWriting(path, create);
    const chain = chainOn(file.db);
    return {
      ...file,
      chain,
      operations: operationsOn(statementsOf(file.db), () => monotonicNow() > deadline, chain.fits),
    };
  }

  function drop(): void {
    const db = connection?.db;
    connection = null;
    try {
      db?.close();
    } catch {
      // A connection that cannot even be closed is left to the end of the thread.
    }
  }

  function answer({ db, operations, chain }: Connection, request: Request): Answer {
    deadline = request.deadline;
    if (monotonicNow() > deadline) return EXPIRED;
    db.exec('SAVEPOINT request');
    const mark = chain.mark();
    try {
      const operation = operations[request.name] as (args: Request['args']) => Extract<Answer, { ok: true }>['value'];
      const value = operation(request.args);
      db.exec('RELEASE request');
      return { ok: true, value };
    } catch (error) {
      if (isStoreFailure(error) || !db.isTransaction) throw error;
      db.exec('ROLLBACK TO request; RELEASE request');
      chain.undo(mark);
      return error instanceof Expired ? EXPIRED : { ok: false, error: toWire(error) };
    }
  }

  return {
    commit(requests) {
      try {
        connection ??= connect(false);
        const here = connection;
        checkStillThere(path, here.inode);
        here.db.exec('BEGIN IMMEDIATE');
        checkNotNewer(schemaVersion(here.db), path);
        const answers = requests.map((request) => answer(here, request));
        here.chain.append();
        here.db.exec('COMMIT');
        return answers;
      } catch (error) {
        if (isBusy(error) && connection?.db.isTransaction === false) return null;
        drop();
        const failure = toWire(
          error instanceof Error && error.name.startsWith('Ledger')
            ? new LedgerUnavailable(error.message)
            : new LedgerUnavailable(`ledger ${path} cannot be written: ${inOneLine(error)}`),
        );
        return requests.map(() => ({ ok: false, error: failure }));
      }
    },
    close: drop,
  };
}
