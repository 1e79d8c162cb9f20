import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { LedgerUnavailable, LedgerUnusable } from '../ledger.ts';
import { newestProblem } from '../newest-entries.ts';
import { inOneLine, isBusy, isDamage, isDiskTrouble, isLogicError } from './errors.ts';
import { APPLICATION_ID, migrate, schemaVersion, TABLES } from './migrations.ts';
import { newestEntries } from './newest-entries.ts';

/** How long opening waits for a lock of another process, milliseconds. Blocks: never on the event loop's thread. */
const OPEN_PATIENCE = 5_000;
/** Files up to this size are checked page by page, with their indexes, when the service starts (about 50 ms for the full size). */
const FULL_CHECK_BYTES = 16 * 1024 * 1024;
const MAGIC = 'SQLite format 3\0';

const REPAIR =
  'restore it from a backup, or move it away to start with an empty ledger (cooldowns and limits start anew then)';

/** A connection, and which file it is on: the path may come to name another one. */
export interface OpenFile {
  readonly db: DatabaseSync;
  readonly inode: bigint;
}

/**
 * Opens the ledger for writing, creating it where the path names nothing and `create` says so, and brings its schema up
 * to date. Throws `LedgerUnusable` for what is not our ledger, `LedgerUnavailable` for what cannot be reached now.
 */
export function openForWriting(path: string, create: boolean): OpenFile {
  if (!existsSync(path)) {
    if (!create)
      throw new LedgerUnavailable(
        `ledger ${path} is gone: put the file back; it is not created anew while the service runs`,
      );
    createFile(path);
  }
  accessOrThrow(path);
  const file = checked(path, () => {
    checkHeader(path);
    const db = connect(path, OPEN_PATIENCE);
    try {
      checkIdentity(db, path);
      if (schemaVersion(db) < 0)
        throw new LedgerUnusable(`ledger ${path} is damaged (schema ${schemaVersion(db)}): ${REPAIR}`);
      migrate(db, path);
      checkTables(db, path);
      if (create) checkContent(db, path);
      useLog(db);
      db.exec(
        'PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 8388608; PRAGMA busy_timeout = 50',
      );
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
  return { db: file, inode: inodeOf(path) };
}

/** Opens what `openForWriting` has opened before, for reading. Waits for no lock. */
export function openForReading(path: string): OpenFile {
  const db = checked(path, () => {
    const opened = connect(path, 0);
    try {
      opened.exec('PRAGMA query_only = ON; PRAGMA temp_store = MEMORY');
      checkIdentity(opened, path);
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  });
  return { db, inode: inodeOf(path) };
}

/** Throws `LedgerUnavailable` when the path does not name the file any more that was opened. */
export function checkStillThere(path: string, inode: bigint): void {
  if (inodeOf(path) !== inode)
    throw new LedgerUnavailable(`ledger ${path} was replaced by another file while it was in use`);
}

function inodeOf(path: string): bigint {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined)
    throw new LedgerUnavailable(`ledger ${path} is gone: put the file back, or restart to begin a new one`);
  return stat.ino;
}

/** `mode=rw`: a file that vanished is an error here, never an empty ledger. */
function connect(path: string, timeout: number): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('mode', 'rw');
  return new DatabaseSync(url, { timeout, enableForeignKeyConstraints: false });
}

/**
 * A new ledger is complete before it has its name, so that whoever finds the file finds a whole one, and an empty file
 * under that name is a loss to be reported. Several processes may create at once: the first keeps its own.
 */
function createFile(path: string): void {
  const draft = `${path}.new-${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(draft, 'wx', 0o600));
    const db = connect(draft, OPEN_PATIENCE);
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      migrate(db, draft);
      // A close that cannot take the log into the file keeps that to itself, and without its log the file is no ledger.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      db.close();
    }
    giveName(draft, path);
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    throw new LedgerUnavailable(`ledger ${path} cannot be created: ${withHelp(error)}`, { cause: error });
  } finally {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(draft + end, { force: true });
  }
}

function giveName(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (existsSync(path)) return;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    renameSync(draft, path);
  }
}

function accessOrThrow(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw new LedgerUnavailable(
      `ledger ${path} cannot be written: ${inOneLine(error)}; the file and its folder have to be writable by this user`,
      { cause: error },
    );
  }
}

function checkHeader(path: string): void {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(MAGIC.length + 2);
    const read = readSync(file, head, 0, head.length, 0);
    if (read === 0) throw new LedgerUnusable(`ledger ${path} is an empty file: ${REPAIR}`);
    if (head.toString('latin1', 0, MAGIC.length) !== MAGIC)
      throw new LedgerUnusable(`ledger ${path} is not an SQLite database: ${REPAIR}`);
    // What a crash left half-written is still in the log beside it; without one the file ends with a whole page.
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    const pageSize = head.readUInt16BE(MAGIC.length) || 1;
    if ((log === undefined || log.size === 0) && pageSize > 1 && fstatSync(file).size % pageSize !== 0) {
      throw new LedgerUnusable(`ledger ${path} is damaged, its end is missing: ${REPAIR}`);
    }
  } finally {
    closeSync(file);
  }
}

function checkIdentity(db: DatabaseSync, path: string): void {
  const id = db.prepare('PRAGMA application_id').get()!['application_id'];
  if (id !== APPLICATION_ID) {
    throw new LedgerUnusable(
      `ledger ${path} is a database of another program (application id ${id}, schema ${schemaVersion(db)}): name another file in \`store\``,
    );
  }
}

function checkTables(db: DatabaseSync, path: string): void {
  const there = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => row['name']);
  const missing = TABLES.filter((table) => !there.includes(table));
  if (missing.length > 0)
    throw new LedgerUnusable(`ledger ${path} is damaged, it lacks ${missing.join(', ')}: ${REPAIR}`);
}

/**
 * A copy that `VACUUM INTO` made keeps a rollback journal, in which readers and the writer wait for each other. With several
 * that open it at once one changes it; who finds it locked goes on, and has the log with the next transaction.
 */
function useLog(db: DatabaseSync): void {
  const mode = () => db.prepare('PRAGMA journal_mode').get()!['journal_mode'];
  if (mode() === 'wal') return;
  try {
    db.exec('PRAGMA journal_mode = WAL');
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}

/** What can be told of the content when the service starts: of small files every page and index, of all the newest rows. */
function checkContent(db: DatabaseSync, path: string): void {
  if (statSync(path).size <= FULL_CHECK_BYTES) {
    const found = db.prepare('PRAGMA integrity_check(1)').get()!['integrity_check'];
    if (found !== 'ok')
      throw new LedgerUnusable(`ledger ${path} is damaged (${String(found).replaceAll('\n', ' ')}): ${REPAIR}`);
  }
  db.exec('BEGIN');
  const problem = newestProblem(newestEntries(db));
  db.exec('COMMIT');
  if (problem !== null)
    throw new LedgerUnusable(
      `ledger ${path} was damaged or changed from outside (${problem}; \`forestall history --verify\` and docs/ledger-integrity.md say more): ${REPAIR}`,
    );
}

function checked<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof LedgerUnusable || error instanceof LedgerUnavailable) throw error;
    if (isDamage(error) || isLogicError(error))
      throw new LedgerUnusable(`ledger ${path} is damaged (${inOneLine(error)}): ${REPAIR}`, { cause: error });
    throw new LedgerUnavailable(`ledger ${path} cannot be opened: ${withHelp(error)}`, { cause: error });
  }
}

function withHelp(error: unknown): string {
  const help = '; see whether its disk is full, and whether the kernel reports errors of it';
  return inOneLine(error) + (isDiskTrouble(error) ? help : '');
}
