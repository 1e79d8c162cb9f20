import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { PostgresStore } from '../../src/config/config.ts';
import { createSecret } from '../../src/config/secret.ts';
import { tempDir } from './temp.ts';
import { eventually } from './wait.ts';

/** Debian keeps the programs of the server beside each other by version, not on the path. */
const VERSIONS = '/usr/lib/postgresql';
const BIN = existsSync(VERSIONS)
  ? readdirSync(VERSIONS)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(VERSIONS, version, 'bin'))
      .find((folder) => existsSync(join(folder, 'initdb')))
  : undefined;

/** False where the server is not installed, and nothing has to be: in CI it has to be. */
export const withPostgres = BIN !== undefined || process.env['CI'] === 'true';
if (!withPostgres) console.warn('SKIPPED: tests on PostgreSQL (Debian: apt-get install postgresql)');

export const PASSWORD = 'canary-password-7f3a';

export interface PostgresServer {
  readonly folder: string;
  readonly port: number;
  /** Of a database: over the socket in its folder, without a password. */
  store(database: string, changes?: Partial<PostgresStore>): PostgresStore;
  /** From now on it speaks TLS as `localhost`; its authority, and one that did not sign anything of it. */
  certificates(): { readonly ca: string; readonly other: string };
  /** A new empty database; its name. */
  database(): string;
  /** What psql answers, without its table. */
  sql(database: string, text: string): string;
  /** A session that runs this and stays open until `end`. */
  hold(database: string, text: string): { readonly ready: Promise<void>; end(): Promise<void> };
  /** Ends it as a crash would (`SIGQUIT`), or in order. */
  stop(signal?: 'SIGQUIT' | 'SIGINT'): Promise<void>;
  start(): Promise<void>;
}

const servers = new Set<PostgresServer>();

afterAll(async () => {
  for (const server of servers) await server.stop('SIGQUIT');
  servers.clear();
});

/** The server refuses to be run by root. */
const asUser = (command: readonly string[]): [string, ...string[]] =>
  process.getuid?.() === 0
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
    : (command as [string, ...string[]]);

const ENV = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' };

function run([program, ...args]: readonly [string, ...string[]], cwd: string): string {
  return execFileSync(program, args, { cwd, env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Of this machine, a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

/**
 * A real server in a folder of its own: over its socket anybody is who they say, without a password, over TCP the password is
 * `PASSWORD`. It keeps nothing over a power cut (`fsync = off`), but everything over an end of its processes. Stopped after
 * the test file.
 */
export async function startPostgres(administrator = 'forestall'): Promise<PostgresServer> {
  const folder = tempDir();
  const bin = BIN ?? '/usr/lib/postgresql/bin';
  const data = join(folder, 'data');
  const uid = process.getuid?.() === 0 ? Number(run(['id', '-u', 'postgres'], folder)) : null;
  const give = (path: string) => {
    if (uid !== null) chownSync(path, uid, uid);
  };
  chmodSync(folder, 0o755);
  give(folder);
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  give(passwordFile);
  run(
    asUser([
      join(bin, 'initdb'),
      ...['-D', data, '-U', administrator, '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
      ...['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`],
    ]),
    folder,
  );
  const port = await freePort();
  const options = { fsync: 'off', max_connections: '200' };
  let child: ChildProcess | null = null;
  let databases = 0;

  const psql = (database: string, text: string) =>
    run(['psql', '-h', folder, '-p', String(port), '-U', administrator, '-d', database, '-XAtq', '-c', text], folder);

  const server: PostgresServer = {
    folder,
    port,
    certificates: () => {
      const openssl = (...args: string[]) => run(['openssl', ...args], folder);
      const subject = (name: string) => ['-subj', `/CN=${name}`, '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
      openssl('req', '-x509', ...subject('authority'), '-keyout', 'ca.key', '-out', 'ca.pem');
      openssl('req', ...subject('localhost'), '-keyout', 'server.key', '-out', 'server.csr');
      writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost');
      const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
      openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...sign);
      openssl('req', '-x509', ...subject('localhost'), '-keyout', 'other.key', '-out', 'other.pem');
      chmodSync(join(folder, 'server.key'), 0o600);
      for (const name of ['server.key', 'server.pem']) give(join(folder, name));
      psql('postgres', `ALTER SYSTEM SET ssl_cert_file = '${join(folder, 'server.pem')}'`);
      psql('postgres', `ALTER SYSTEM SET ssl_key_file = '${join(folder, 'server.key')}'`);
      psql('postgres', 'ALTER SYSTEM SET ssl = on');
      psql('postgres', 'SELECT pg_reload_conf()');
      return { ca: join(folder, 'ca.pem'), other: join(folder, 'other.pem') };
    },
    store: (database, changes = {}) => ({
      engine: 'postgres',
      host: folder,
      port,
      user: 'forestall',
      database,
      password: changes.host === undefined ? null : createSecret(PASSWORD),
      tls: null,
      pool_size: 4,
      connect_timeout: 1_000,
      statement_timeout: 1_500,
      ...changes,
    }),
    database() {
      const name = `test_${++databases}`;
      psql('postgres', `CREATE DATABASE ${name} TEMPLATE template0`);
      return name;
    },
    sql: (database, text) => psql(database, text).trimEnd(),
    hold(database, text) {
      const session = spawn('psql', ['-h', folder, '-p', String(port), '-U', administrator, '-d', database, '-XAt'], {
        env: ENV,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const gone = once(session, 'exit');
      session.stdin.write(`${text};\n\\echo held\n`);
      return {
        ready: eventually(() => session.stdout.read()?.toString().includes('held')).then(() => undefined),
        async end() {
          session.stdin.end();
          await gone;
        },
      };
    },
    async stop(signal = 'SIGQUIT') {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const gone = once(running, 'exit');
      running.kill(signal);
      await gone;
    },
    async start() {
      const [program, ...args] = asUser([
        join(bin, 'postgres'),
        ...['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1'],
        ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ]);
      let text = '';
      const started = spawn(program, args, { cwd: folder, env: ENV, stdio: ['ignore', 'ignore', 'pipe'] });
      started.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      child = started;
      await eventually(
        () => {
          if (started.exitCode !== null) throw new Error(`postgres ended: ${text}`);
          return text.includes('ready to accept ');
        },
        { timeout: 30_000 },
      );
    },
  };
  await server.start();
  servers.add(server);
  return server;
}
