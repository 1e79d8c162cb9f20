import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PostgresStore } from '../../config/config.ts';

/**
 * The password of a store: its own, else where PostgreSQL's programs look: `PGPASSWORD`, then the line of `PGPASSFILE` or
 * `~/.pgpass` that fits. Empty where there is none. Throws where others can read that file.
 */
export function passwordFor(store: PostgresStore, env: NodeJS.ProcessEnv): string {
  if (store.password !== null) return store.password.reveal();
  const given = env['PGPASSWORD'];
  if (given !== undefined && given !== '') return given;
  const file = env['PGPASSFILE'] ?? join(env['HOME'] ?? homedir(), '.pgpass');
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return '';
  if ((stat.mode & 0o077) !== 0) throw new Error(`the password file ${file} can be read by others: chmod 600 it`);
  return passwordIn(readFileSync(file, 'utf8'), store);
}

/** Lines `host:port:database:user:password`, in which `*` fits all, and `\` makes a `:` or `\` plain. The first that fits. */
function passwordIn(text: string, { host, port, database, user }: PostgresStore): string {
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = Array.from(line.matchAll(/((?:[^:\\]|\\.)*)(?::|$)/g), ([, field]) => field!);
    const fits = wanted.every((value, at) => fields[at] === '*' || plain(fields[at] ?? '') === value);
    if (fits && fields.length > wanted.length) return plain(fields[wanted.length]!);
  }
  return '';
}

function plain(field: string): string {
  return field.replace(/\\(.)/g, '$1');
}
