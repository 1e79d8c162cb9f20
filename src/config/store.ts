import { formatDuration, parseDuration } from '../mapping/duration.ts';
import type { Config, PostgresStore, Secret } from './config.ts';
import { isLoopback } from './listen.ts';
import { createSecret } from './secret.ts';

/** What `store` says; paths as they were written. */
export type WrittenStore =
  | { readonly engine: 'sqlite'; readonly path: string }
  /** The password: null where it is not in the URL. */
  | (Omit<PostgresStore, 'password'> & { readonly password: string | null });

/** The store with its paths as `pathOf` makes them. `password`: where the URL holds none. */
export function resolveStore(
  written: WrittenStore,
  password: Secret | null,
  pathOf: (path: string) => string,
): Config['store'] {
  if (written.engine === 'sqlite') return { engine: 'sqlite', path: pathOf(written.path) };
  const { tls, password: inUrl, ...rest } = written;
  const orNull = (path: string | null) => (path === null ? null : pathOf(path));
  return {
    ...rest,
    password: inUrl === null ? password : createSecret(inUrl),
    tls: tls === null ? null : { verify: tls.verify, ca: orNull(tls.ca), cert: orNull(tls.cert), key: orNull(tls.key) },
  };
}

const EXPECTED = 'postgres://USER@HOST:PORT/DATABASE';
const MODES = ['disable', 'require', 'verify-ca', 'verify-full'];
const OPTIONS = [
  'host',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'pool_size',
  'connect_timeout',
  'statement_timeout',
];

/** Whether a store is one of PostgreSQL: its URL may hold a password. */
export function isPostgres(store: unknown): boolean {
  return typeof store === 'string' && /^\s*postgres(?:ql)?:/i.test(store);
}

/** Reads `store`. The problem, where there is one, is a sentence that holds nothing of a URL but names of its options. */
export function readStore(store: string): WrittenStore | { readonly problem: string } {
  if (isPostgres(store)) return readPostgres(store);
  const path = store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : '';
  if (path !== '' && path !== ':memory:' && !path.startsWith('//') && !path.endsWith('/'))
    return { engine: 'sqlite', path };
  return {
    problem: `found another kind of store, expected sqlite:PATH of a file, such as sqlite:../data/forestall.db, or ${EXPECTED}`,
  };
}

function readPostgres(text: string): WrittenStore | { readonly problem: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hash !== '')
    return {
      problem: `found a PostgreSQL URL that cannot be read, expected ${EXPECTED}: in a password, write %40 for @, %3A for :, %2F for /, %23 for #, %25 for %`,
    };
  const options = url.searchParams;
  for (const name of options.keys()) {
    if (!OPTIONS.includes(name)) {
      return { problem: `found the option ${JSON.stringify(name.slice(0, 40))}, expected ${OPTIONS.join(', ')}` };
    }
    if (options.getAll(name).length > 1) return { problem: `found the option ${name} twice: remove one` };
  }
  const [host, user, database, password] = [
    options.get('host') ?? plain(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    plain(url.username),
    plain(url.pathname.slice(1)),
    plain(url.password),
  ];
  if (host === null || user === null || database === null || password === null)
    return { problem: `found a % in the PostgreSQL URL that is no escape, expected ${EXPECTED}: write %25 for %` };
  if (host === '')
    return { problem: `found no host in the PostgreSQL URL, expected ${EXPECTED}, or ?host=/FOLDER of a socket` };
  if (user === '') return { problem: `found no user in the PostgreSQL URL, expected ${EXPECTED}` };
  if (database === '' || database.includes('/'))
    return { problem: `found no single database in the PostgreSQL URL, expected ${EXPECTED}` };
  const tls = readTls(options, host);
  const numbers = readNumbers(options);
  if (typeof tls === 'string') return { problem: tls };
  if (typeof numbers === 'string') return { problem: numbers };
  return {
    engine: 'postgres',
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    user,
    database,
    password: password === '' ? null : password,
    tls,
    ...numbers,
  };
}

/** Null where it cannot be decoded. */
function plain(escaped: string): string | null {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return null;
  }
}

/** On the way to another machine the default is the whole check, and nothing is tried without it. */
function readTls(options: URLSearchParams, host: string) {
  const local = host.startsWith('/') || isLoopback(host);
  const mode = options.get('sslmode') ?? (local ? 'disable' : 'verify-full');
  if (!MODES.includes(mode)) return `found another sslmode, expected ${MODES.join(', ')}`;
  const [ca, cert, key] = ['sslrootcert', 'sslcert', 'sslkey'].map((name) => options.get(name)) as (string | null)[];
  if (mode === 'disable') {
    return (ca ?? cert ?? key) === null ? null : 'found certificates and sslmode=disable: remove the one or the other';
  }
  if (host.startsWith('/')) return 'found a socket and an sslmode other than disable: a socket knows no TLS';
  if ((cert === null) !== (key === null)) return 'found one of sslcert and sslkey, expected both or none';
  // As in PostgreSQL's own library: whoever names an authority has it asked.
  const verify = mode === 'verify-full' ? 'full' : mode === 'verify-ca' || ca !== null ? 'ca' : 'none';
  return { verify: verify as 'full' | 'ca' | 'none', ca: ca ?? null, cert: cert ?? null, key: key ?? null };
}

/** A store that hangs is answered with 503 within two seconds: no time-out may be longer. */
const LONGEST = 1_500;
const SHORTEST = 100;

function readNumbers(options: URLSearchParams) {
  const size = options.get('pool_size') ?? '4';
  const pool_size = /^\d{1,3}$/.test(size) ? Number(size) : 0;
  if (pool_size < 2 || pool_size > 100)
    return 'found another pool_size, expected a number of connections from 2 to 100';
  const durations: number[] = [];
  for (const [name, otherwise] of [
    ['connect_timeout', '1s'],
    ['statement_timeout', '1500ms'],
  ] as const) {
    const duration = parseDuration(options.get(name) ?? otherwise);
    if (duration === null || duration < SHORTEST || duration > LONGEST)
      return `found another ${name}, expected a duration from ${formatDuration(SHORTEST)} to ${formatDuration(LONGEST)}`;
    durations.push(duration);
  }
  return { pool_size, connect_timeout: durations[0]!, statement_timeout: durations[1]! };
}
