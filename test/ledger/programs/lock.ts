/** Holds the write lock of a database: `lock.ts PATH`. Prints `locked`, lets go when its standard input ends. */
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(process.argv[2]!, { timeout: 5_000 });
db.exec('BEGIN EXCLUSIVE');
console.log('locked');
process.stdin.resume().on('end', () => {
  db.exec('ROLLBACK');
  db.close();
});
