import { setTimeout as delay } from 'node:timers/promises';
import { LedgerUnavailable } from '../ledger.ts';
import { PATIENCE } from '../rules.ts';
import type { Connect, Connection } from './connection.ts';
import { StoreFailure } from './errors.ts';
import type { Query } from './query.ts';

/** Between attempts while the server starts or a network comes back, milliseconds. */
const RETRY = 50;

/** The connections that read, and those that a transaction takes for itself. */
export interface Connections {
  /** Runs `work` on a connection; again on another one when the store failed in passing, within the patience. */
  read<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** The same, in one snapshot of the store. */
  snapshot<T>(work: (query: Query) => Promise<T>): Promise<T>;
  close(): void;
}

/** Milliseconds of a clock that nobody can set. */
export const monotonic = (): number => performance.now();

export function tooLate(name: string): LedgerUnavailable {
  return new LedgerUnavailable(
    `ledger ${name} did not answer within ${PATIENCE / 1000} s: the server or the way to it is slow, or another process holds its lock`,
  );
}

export function createConnections(options: {
  readonly name: string;
  readonly connect: Connect;
  readonly most: number;
}): Connections {
  const { name, connect, most } = options;
  const idle: Connection[] = [];
  const waiting = new Set<(connection: Connection | null) => void>();
  let open = 0;
  let closed = false;

  /** Null: a place is free, for a connection to be made. */
  async function place(deadline: number): Promise<Connection | null> {
    if (closed) throw new LedgerUnavailable(`ledger ${name} is closed`);
    for (let known = idle.pop(); known !== undefined; known = idle.pop()) {
      if (!known.broken) return known;
      open--;
    }
    if (open < most) {
      open++;
      return null;
    }
    return await new Promise((resolve, reject) => {
      const take = (connection: Connection | null) => {
        clearTimeout(timer);
        waiting.delete(take);
        resolve(connection);
      };
      const timer = setTimeout(() => {
        waiting.delete(take);
        reject(new LedgerUnavailable(`ledger ${name} did not answer in time: all ${most} connections are in use`));
      }, deadline - monotonic());
      waiting.add(take);
    });
  }

  function giveBack(connection: Connection | null): void {
    const [next] = waiting;
    const usable = connection !== null && !connection.broken && !closed ? connection : null;
    if (next !== undefined) next(usable);
    else if (usable !== null) {
      usable.idle(true);
      idle.push(usable);
    } else {
      connection?.drop();
      open--;
    }
  }

  async function once<T>(work: (connection: Connection) => Promise<T>, deadline: number): Promise<T> {
    let connection = await place(deadline);
    let late = false;
    let timer: NodeJS.Timeout | undefined;
    try {
      if (closed) throw new LedgerUnavailable(`ledger ${name} is closed`);
      connection ??= await connect(deadline - monotonic());
      connection.idle(false);
      const { drop } = connection;
      timer = setTimeout(
        () => {
          late = true;
          drop();
        },
        Math.max(0, deadline - monotonic()),
      );
      return await work(connection);
    } catch (error) {
      throw late ? tooLate(name) : error;
    } finally {
      clearTimeout(timer);
      giveBack(connection);
    }
  }

  async function attempts<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const deadline = monotonic() + PATIENCE;
    for (;;) {
      try {
        return await once(work, deadline);
      } catch (error) {
        const again = error instanceof StoreFailure && error.passing && !closed;
        if (!again || monotonic() + RETRY >= deadline) throw error;
        await delay(RETRY);
      }
    }
  }

  return {
    read: (work) => attempts(({ query }) => work(query)),
    snapshot: (work) =>
      attempts(async ({ query, script, drop }) => {
        await script('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        try {
          const result = await work(query);
          await script('COMMIT');
          return result;
        } catch (error) {
          await script('ROLLBACK').catch(drop);
          throw error;
        }
      }),
    close() {
      closed = true;
      for (const connection of idle.splice(0)) connection.drop();
      for (const refuse of waiting) refuse(null);
    },
  };
}
