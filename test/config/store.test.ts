import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';
import { readStore } from '../../src/config/store.ts';
import { tempDir } from '../support/temp.ts';

const DEFAULTS = {
  engine: 'postgres',
  port: 5432,
  user: 'u',
  database: 'd',
  password: null,
  tls: null,
  pool_size: 4,
  connect_timeout: 1_000,
  statement_timeout: 1_500,
};
const FULL = { verify: 'full', ca: null, cert: null, key: null };

test.each([
  ['sqlite:/x/y.db', { engine: 'sqlite', path: '/x/y.db' }],
  ['postgres://u@localhost/d', { ...DEFAULTS, host: 'localhost' }],
  ['postgresql://u@127.0.0.1:6000/d', { ...DEFAULTS, host: '127.0.0.1', port: 6000 }],
  ['postgres://u@[::1]/d', { ...DEFAULTS, host: '::1' }],
  ['postgres://u@x/d?host=/run/postgresql', { ...DEFAULTS, host: '/run/postgresql' }],
  ['postgres://u@%2Frun%2Fpostgresql/d', { ...DEFAULTS, host: '/run/postgresql' }],
  // Another machine: the whole check, unless told otherwise.
  ['postgres://u@db.example/d', { ...DEFAULTS, host: 'db.example', tls: FULL }],
  ['postgres://u@db.example/d?sslmode=disable', { ...DEFAULTS, host: 'db.example' }],
  ['postgres://u@db.example/d?sslmode=require', { ...DEFAULTS, host: 'db.example', tls: { ...FULL, verify: 'none' } }],
  [
    'postgres://u@db.example/d?sslmode=require&sslrootcert=ca.pem',
    { ...DEFAULTS, host: 'db.example', tls: { ...FULL, verify: 'ca', ca: 'ca.pem' } },
  ],
  [
    'postgres://u@localhost/d?sslmode=verify-full&sslrootcert=ca.pem&sslcert=c.pem&sslkey=k.pem',
    { ...DEFAULTS, host: 'localhost', tls: { verify: 'full', ca: 'ca.pem', cert: 'c.pem', key: 'k.pem' } },
  ],
  [
    'postgres://u%40x:p%40%2F@localhost/d%20e?pool_size=20&connect_timeout=300ms&statement_timeout=1s',
    {
      ...DEFAULTS,
      host: 'localhost',
      user: 'u@x',
      password: 'p@/',
      database: 'd e',
      pool_size: 20,
      connect_timeout: 300,
      statement_timeout: 1_000,
    },
  ],
])('%s', (text, expected) => {
  expect(readStore(text)).toEqual(expected);
});

test.each([
  ['postgres://u:canary@db', /no single database/],
  ['postgres://u:canary@db/', /no single database/],
  ['postgres://u:canary@db/a/b', /no single database/],
  ['postgres://:canary@db/d', /no user/],
  ['postgres://db/d', /no user/],
  ['postgres:u:canary@db/d', /no (?:host|user)/],
  ['postgres://u:can/ary@db/d', /cannot be read|no single database|no user/],
  ['postgres://u:can#ary@db/d', /cannot be read/],
  ['postgres://u:can%ary@db/d', /no escape/],
  ['postgres://u:canary@db:99999/d', /cannot be read/],
  ['postgres://u:canary@db/d?password=canary', /found the option "password", expected host/],
  ['postgres://u:canary@db/d?pool_size=3&pool_size=4', /pool_size twice/],
  ['postgres://u:canary@db/d?pool_size=1', /pool_size, expected a number of connections from 2 to 100/],
  ['postgres://u:canary@db/d?sslmode=prefer', /expected disable, require, verify-ca, verify-full/],
  ['postgres://u:canary@db/d?sslmode=disable&sslrootcert=x', /remove the one or the other/],
  ['postgres://u:canary@db/d?sslcert=x', /expected both or none/],
  ['postgres://u:canary@x/d?host=/run&sslmode=require', /a socket knows no TLS/],
  ['postgres://u:canary@db/d?connect_timeout=2s', /connect_timeout, expected a duration from 100ms to 1s500ms/],
  ['postgres://u:canary@db/d?statement_timeout=3', /statement_timeout, expected a duration/],
  ['mysql://u:canary@db/d', /another kind of store, expected sqlite:PATH/],
])('%s is refused, and nothing of it is told', (text, expected) => {
  const read = readStore(text);
  expect(read).toEqual({ problem: expect.stringMatching(expected) });
  expect(JSON.stringify(read)).not.toMatch(/canary|can%|ary@/);
});

function load(files: Readonly<Record<string, string>>) {
  const folder = join(tempDir(), 'config');
  mkdirSync(folder);
  writeFileSync(join(folder, 'action-mapping.json'), '{"mappings":[]}');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { folder, loaded: loadConfig({ file: join(folder, 'forestall.yaml'), env: {}, home: '/home/someone' }) };
}

test('the password comes from a file, paths lie beside the configuration, and nothing shows it', () => {
  const { folder, loaded } = load({
    'forestall.yaml':
      'store: postgres://u@db.example/d?sslrootcert=ca.pem&sslcert=/c.pem&sslkey=~/k.pem\nstore_password_file: pw\n',
    pw: 'canary with blanks\n',
  });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  const { store } = loaded.config;
  expect(store).toMatchObject({
    engine: 'postgres',
    tls: { verify: 'full', ca: join(folder, 'ca.pem'), cert: '/c.pem', key: '/home/someone/k.pem' },
  });
  expect('password' in store && store.password?.reveal()).toBe('canary with blanks');
  expect(JSON.stringify(loaded.config)).not.toContain('canary');
});

test('a URL that has the wrong shape is not shown either', () => {
  const { loaded } = load({ 'forestall.yaml': 'store: ["postgres://u:canary@db/d"]\n' });
  if (loaded.ok) throw new Error('it was taken');
  expect(formatProblems(loaded.problems)).toContain('store');
  expect(formatProblems(loaded.problems)).not.toContain('canary');
});
