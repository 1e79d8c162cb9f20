import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PostgresStore } from '../../src/config/config.ts';
import { createSecret } from '../../src/config/secret.ts';
import { passwordFor } from '../../src/ledger/postgres/password.ts';
import { tempDir } from '../support/temp.ts';

const store = (changes: Partial<PostgresStore> = {}): PostgresStore => ({
  engine: 'postgres',
  host: 'db.example',
  port: 5432,
  user: 'u:1',
  database: 'd',
  password: null,
  tls: null,
  pool_size: 4,
  connect_timeout: 1_000,
  statement_timeout: 1_500,
  ...changes,
});

function passfile(...lines: readonly string[]): { readonly file: string; readonly env: NodeJS.ProcessEnv } {
  const file = join(tempDir(), '.pgpass');
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return { file, env: { PGPASSFILE: file } };
}

test('its own, then that of the environment, then that of the file', () => {
  const { env } = passfile('*:*:*:*:filed');
  expect(passwordFor(store({ password: createSecret('own') }), { ...env, PGPASSWORD: 'set' })).toBe('own');
  expect(passwordFor(store(), { ...env, PGPASSWORD: 'set' })).toBe('set');
  expect(passwordFor(store(), env)).toBe('filed');
  expect(passwordFor(store(), { PGPASSFILE: '/none' })).toBe('');
  expect(passwordFor(store(), { HOME: join(env['PGPASSFILE']!, '..') })).toBe('filed');
});

test.each([
  [['#db.example:5432:d:u\\:1:no', 'other:*:*:*:no', 'db.example:5432:d:u\\:1:yes', '*:*:*:*:no'], {}, 'yes'],
  [['db.example:5432:d:u:1:no', '*:*:d:*:a\\:b\\\\c'], {}, 'a:b\\c'],
  [['localhost:6000:*:*:socket'], { host: '/run/postgresql', port: 6000 }, 'socket'],
  [['db.example:1:*:*:no', ''], {}, ''],
  [['*:*:*:*'], {}, ''],
])('%j for %j: %s', (lines, changes, expected) => {
  expect(passwordFor(store(changes), passfile(...lines).env)).toBe(expected);
});

test('a file that others can read is refused', () => {
  const { file, env } = passfile('*:*:*:*:canary');
  chmodSync(file, 0o640);
  expect(() => passwordFor(store(), env)).toThrow(`${file} can be read by others: chmod 600 it`);
});
