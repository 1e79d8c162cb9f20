import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig, QueryResult } from 'pg';
import type { PostgresStore } from '../../config/config.ts';
import { LedgerUnusable } from '../ledger.ts';
import { fromStored, joined, toStored } from '../text.ts';
import { inWords, isOfTheStatement, StoreFailure } from './errors.ts';
import { nameOf } from './name.ts';
import { passwordFor } from './password.ts';
import type { Query, Value } from './query.ts';

/** A transaction whose process says nothing for so long, because it was paused or cut off, is undone; milliseconds. */
const SILENT_IN_TRANSACTION = 1_200;

export interface Connection {
  readonly query: Query;
  /** Several statements without values; the rows of the last one. */
  readonly script: Query;
  /** Rows that were written over it so far. */
  readonly written: number;
  /** True once it cannot be used any more. */
  readonly broken: boolean;
  /** Ends it, without waiting for an answer that is on its way. */
  drop(): void;
  /** Lets the process end while it lies idle. */
  idle(yes: boolean): void;
}

/** Makes connections. Rejects with `LedgerUnavailable`, within `patience` milliseconds. */
export type Connect = (patience: number) => Promise<Connection>;

/** Loads the driver. Throws `LedgerUnusable` where it is not installed, or a certificate cannot be read. */
export async function createConnect(store: PostgresStore): Promise<Connect> {
  const { Client } = await loadDriver();
  const ssl = await tlsOf(store);
  const name = nameOf(store);
  const secret = store.password?.reveal() ?? '';
  const words = (error: unknown) => withoutSecret(inWords(error), secret);
  const statementName = createStatementNames();
  const failure = (what: string, error: unknown) => new StoreFailure(`ledger ${name} ${what}: ${words(error)}`, error);

  return async (patience) => {
    const socket = new Socket();
    const config: ClientConfig = {
      host: store.host,
      port: store.port,
      user: store.user,
      database: store.database,
      password: () => passwordFor(store, process.env),
      ssl,
      stream: () => socket,
      connectionTimeoutMillis: Math.max(1, Math.min(patience, store.connect_timeout)),
      statement_timeout: store.statement_timeout,
      idle_in_transaction_session_timeout: SILENT_IN_TRANSACTION,
      application_name: 'forestall',
      keepAlive: true,
      types: { getTypeParser: parserOf as never },
    };
    const client = new Client(config);
    let broken = false;
    let written = 0;
    const drop = () => {
      broken = true;
      socket.destroy();
    };
    // What it says of a connection that nobody uses; one that is used rejects its query as well.
    client.on('error', drop);
    client.on('end', drop);

    const query: Query = async (text, values) => {
      try {
        const statement =
          values === undefined ? { text } : { text, values: values.map(toParameter), name: statementName(text) };
        const answer: QueryResult | QueryResult[] = await client.query(statement);
        const { rows, command, rowCount } = Array.isArray(answer) ? answer.at(-1)! : answer;
        if (command !== 'SELECT') written += rowCount ?? 0;
        return rows;
      } catch (error) {
        if (isOfTheStatement(error)) throw error;
        drop();
        throw failure('cannot be used', error);
      }
    };
    try {
      await client.connect();
    } catch (error) {
      drop();
      if (/client password must be/.test(inWords(error)))
        throw failure(
          'cannot be entered',
          new Error('it asks for a password, and none is configured: see store_password_file'),
        );
      throw failure('cannot be reached', error);
    }
    return {
      query,
      script: (text) => query(text),
      get written() {
        return written;
      },
      get broken() {
        return broken;
      },
      drop,
      idle: (yes) => void (yes ? socket.unref() : socket.ref()),
    };
  };
}

async function loadDriver(): Promise<typeof import('pg')> {
  try {
    return (await import('pg')).default as unknown as typeof import('pg');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new LedgerUnusable(
      'the store is PostgreSQL, and its driver is not installed: run `npm install pg` where forestall is installed (`npm install --global pg` for a global one)',
    );
  }
}

async function tlsOf({ tls }: PostgresStore): Promise<ConnectionOptions | false> {
  if (tls === null) return false;
  const [ca, cert, key] = await Promise.all([readPem(tls.ca), readPem(tls.cert), readPem(tls.key)]);
  return {
    rejectUnauthorized: tls.verify !== 'none',
    ...(tls.verify === 'ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  };
}

async function readPem(path: string | null): Promise<string | null> {
  if (path === null) return null;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new LedgerUnusable(`the certificate or key ${path} of the store cannot be read: ${inWords(error)}`);
  }
}

/** No server says the password, nor does the driver; should one ever do, it ends here. */
function withoutSecret(text: string, secret: string): string {
  return secret === '' ? text : text.replaceAll(secret, '[secret]');
}

function toParameter(value: Value): unknown {
  if (typeof value === 'string') return toStored(value);
  if (typeof value !== 'object' || value === null) return value;
  return 'texts' in value
    ? joined(value.texts)
    : value.map((part) => (typeof part === 'string' ? toStored(part) : part));
}

/** A statement is planned once per connection. The texts are the constants of this folder, so their number is bounded. */
function createStatementNames(): (text: string) => string {
  const names = new Map<string, string>();
  return (text) => {
    let name = names.get(text);
    if (name === undefined) {
      name = `forestall_${names.size + 1}`;
      names.set(text, name);
    }
    return name;
  };
}

const INT8 = 20;
const TEXT = 25;
const JSON_TEXT = 114;

const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  [INT8]: Number,
  21: Number,
  23: Number,
  701: Number,
  [TEXT]: fromStored,
  1043: fromStored,
  [JSON_TEXT]: (text) => JSON.parse(text) as unknown,
};

function parserOf(type: number): (text: string) => unknown {
  return PARSERS[type] ?? ((text) => text);
}
