import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { LedgerUnusable } from './ledger.ts';

/** Reads the private Ed25519 key of a file. Null: there is no such file. Throws `LedgerUnusable` for anything else in it. */
export function readSigningKey(path: string): KeyObject | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new LedgerUnusable(`the signing key ${path} cannot be read: ${(error as Error).message}`);
  }
  let key: KeyObject | null = null;
  try {
    key = createPrivateKey(text);
  } catch {
    // What is wrong with it is nobody's to see: it may be a key.
  }
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new LedgerUnusable(
      `${path} holds no private Ed25519 key in PEM: make one with \`openssl genpkey -algorithm ed25519\``,
    );
  return key;
}

/** Makes a key where there is none, readable by its owner alone. Of processes that do so at once one wins. */
export function makeSigningKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    writeSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
    fsyncSync(file);
    closeSync(file);
    return privateKey;
  } catch (error) {
    const made = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readSigningKey(path) : null;
    if (made !== null) return made;
    throw error;
  }
}
