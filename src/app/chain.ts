import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { makeSigningKey, readSigningKey } from '../ledger/signing-key.ts';
import { type Verified, type VerifyOptions, verifyChain } from '../ledger/verify-chain.ts';

/** Where the key lies that checkpoints are signed with; null: a store that several machines share has none beside it. */
function keyFile({ ledger, store }: Config): string | null {
  return ledger.signing_key_file ?? (store.engine === 'sqlite' ? `${store.path}.key` : null);
}

/** Makes one beside a store that is a file, where none is configured. Null: there is none. Throws `LedgerUnusable`. */
export function signingKey(config: Config): KeyObject | null {
  const path = keyFile(config);
  if (path === null) return null;
  return readSigningKey(path) ?? (config.ledger.signing_key_file === null ? makeSigningKey(path) : null);
}

/**
 * Holds a ledger against its hash chain, as of now; reads only, and creates none: null where there is none. Throws
 * `LedgerUnusable` or `LedgerUnavailable`.
 */
export async function verifyLedger(config: Config, head: VerifyOptions['head']): Promise<Verified | null> {
  const { store } = config;
  if (store.engine === 'sqlite' && !existsSync(store.path)) return null;
  const path = keyFile(config);
  const key = path === null ? null : readSigningKey(path);
  const reads =
    store.engine === 'sqlite'
      ? (await import('../ledger/sqlite/chain-reads.ts')).openSqliteVerify(store.path)
      : await (await import('../ledger/postgres/chain-reads.ts')).openPostgresVerify(store);
  try {
    return await verifyChain(reads, { head, key: key === null ? null : createPublicKey(key) });
  } finally {
    reads.close();
  }
}
