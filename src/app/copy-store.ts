import { resolve } from 'node:path';
import type { Config, Secret } from '../config/config.ts';
import { readPasswordFile } from '../config/secrets.ts';
import { readStore, resolveStore } from '../config/store.ts';
import { type CopiedTable, type CopyTarget, copyLedger } from '../ledger/copy.ts';
import { openPostgresCopy } from '../ledger/postgres/copy.ts';
import { openSqliteCopy } from '../ledger/sqlite/copy.ts';

export interface CopyOptions {
  /** As in `store` of the configuration; paths are relative to the working directory. */
  readonly from: string;
  readonly to: string;
  /** Holds the password of a side on PostgreSQL, where its URL has none. */
  readonly passwordFile: string | null;
  readonly keepSecret: (secrets: readonly string[]) => void;
}

/** What cannot be meant: the text says what was found and what is expected. */
export class CopyUsage extends Error {
  override readonly name = 'CopyUsage';
}

/** Copies one store into another; what was copied. Throws `CopyUsage`, `LedgerUnusable` or `LedgerUnavailable`. */
export async function copyStore({ from, to, passwordFile, keepSecret }: CopyOptions): Promise<readonly CopiedTable[]> {
  const password = passwordFile === null ? null : passwordIn(resolve(passwordFile));
  const [given, wanted] = [storeOf('--from', from, password), storeOf('--to', to, password)];
  for (const store of [given, wanted])
    if (store.engine === 'postgres' && store.password !== null) keepSecret([store.password.reveal()]);
  if (JSON.stringify(given) === JSON.stringify(wanted)) throw new CopyUsage('--from and --to name the same store');
  const source = await openSide(given, false);
  try {
    const target = await openSide(wanted, true);
    try {
      return await copyLedger(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function passwordIn(file: string): Secret {
  const read = readPasswordFile(file);
  if ('problem' in read) throw new CopyUsage(`--password-file ${file}: ${read.problem}`);
  return read;
}

function storeOf(option: string, text: string, password: Secret | null): Config['store'] {
  const written = readStore(text);
  if ('problem' in written) throw new CopyUsage(`${option}: ${written.problem}`);
  return resolveStore(written, password, (path) => resolve(path));
}

async function openSide(store: Config['store'], create: boolean): Promise<CopyTarget> {
  return store.engine === 'sqlite' ? openSqliteCopy(store.path, create) : await openPostgresCopy(store);
}
