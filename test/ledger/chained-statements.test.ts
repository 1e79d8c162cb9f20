import { expect, test } from 'vitest';
import { chained, chainedTable } from '../../src/ledger/postgres/chain.ts';
import { sourcesBelow } from '../support/source-text.ts';

test('on PostgreSQL a statement that writes a chained table says which rows, or is refused', () => {
  expect(chainedTable('SELECT * FROM decisions')).toBeNull();
  expect(chainedTable('UPDATE store SET version = version + 1')).toBeNull();
  expect(chainedTable('INSERT INTO decisions (id) VALUES ($1) RETURNING seq')).toBe('decisions');
  expect(chainedTable('UPDATE executions SET state = $1 WHERE id = $2 RETURNING *')).toBe('executions');
  expect(chainedTable('delete  from executions where seq = 1 returning id, seq')).toBe('executions');
  for (const text of [
    'UPDATE decisions SET repeats = 1',
    'DELETE FROM executions WHERE seq = $1 RETURNING id',
    'WITH x AS (UPDATE decisions SET repeats = 1 RETURNING seq) DELETE FROM executions RETURNING seq',
  ])
    expect(() => chainedTable(text)).toThrow(/seq of its rows/);
});

test('and nothing is written without the lock that the chain grows under', async () => {
  const { query, append } = chained(async () => [{ seq: 1 }] as never);
  await query('UPDATE decisions SET repeats = 1 RETURNING seq');
  await expect(append(true)).rejects.toThrow(/under the lock/);
});

/** On SQLite triggers see every statement of the one connection that writes; on PostgreSQL the writer hands `chained` out. */
test('decisions and executions are written where the chain sees it, and nowhere else', () => {
  const writes = /\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(?:decisions|executions|checkpoints)\b/;
  const files = sourcesBelow('src')
    .filter(({ code }) => writes.test(code))
    .map(({ path }) => path);
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((path) => !/^src\/ledger\/(?:sqlite|postgres)\//.test(path))).toEqual([]);
  const writer = sourcesBelow('src/ledger/postgres').find(({ path }) => path.endsWith('/writer.ts'))!.code;
  expect(writer).toMatch(/perform\(\s*chain\.query/);
  expect(writer).toMatch(/chain\.append\(aside\);\s*attempt\.committing = true/);
});
