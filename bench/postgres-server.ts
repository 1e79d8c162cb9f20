import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeFolder } from './home.ts';
import { start } from './processes.ts';

/** Debian keeps the programs of the server beside each other by version, not on the path. */
const VERSIONS = '/usr/lib/postgresql';
const USER = 'forestall';

export interface PostgresServer {
  readonly version: string;
  /** A new empty database, as `store` of the configuration. */
  database(): string;
  /** What psql answers, without its table. */
  sql(store: string, text: string): string;
  stop(): Promise<void>;
}

function programs(): string | null {
  if (!existsSync(VERSIONS)) return null;
  const folders = readdirSync(VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, 'bin'));
  return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

/**
 * A real server with Debian's settings in a folder of its own that is gone when the bench ends: what it commits is on disk
 * (`fsync`, `full_page_writes` and `synchronous_commit` are on). Reached over its socket only. Null where it is not installed.
 */
export async function startPostgres(): Promise<PostgresServer | null> {
  const bin = programs();
  if (bin === null) return null;
  const folder = makeFolder();
  const data = join(folder, 'data');
  const root = process.getuid?.() === 0;
  // The server refuses to be run by root.
  const asUser = (argv: readonly string[]) =>
    root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...argv] : argv;
  const run = ([program, ...args]: readonly string[]): string =>
    execFileSync(program!, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
  chmodSync(folder, 0o755);
  if (root) {
    const id = (flag: string) => Number(run(['id', flag, 'postgres']));
    chownSync(folder, id('-u'), id('-g'));
  }
  run(asUser([join(bin, 'initdb'), '-D', data, '-U', USER, '-E', 'UTF8', '--locale=C.UTF-8', '--auth=trust']));
  const port = await freePort();
  const settings = ['max_connections=200', 'listen_addresses=', `unix_socket_directories=${folder}`];
  const server = await start(
    asUser([join(bin, 'postgres'), '-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]),
    /ready to accept connections/,
    { cwd: folder, env: { LC_ALL: 'C.UTF-8' } },
  );
  const psql = (database: string, text: string) =>
    run(['psql', '-h', folder, '-p', String(port), '-U', USER, '-d', database, '-XAtq', '-c', text]).trimEnd();
  let databases = 0;
  return {
    version: psql('postgres', 'SHOW server_version').split(' ')[0]!,
    database() {
      const name = `bench_${++databases}`;
      psql('postgres', `CREATE DATABASE ${name} TEMPLATE template0`);
      return `postgres://${USER}@localhost:${port}/${name}?host=${folder}`;
    },
    sql: (store, text) => psql(new URL(store).pathname.slice(1), text),
    stop: () => server.stop('SIGINT'),
  };
}
