import type { PostgresStore } from '../../config/config.ts';

/** `postgres://user@host:5432/database`, without anything secret. */
export function nameOf({ host, port, user, database }: PostgresStore): string {
  if (host.startsWith('/')) return `postgres://${user}@/${database}?host=${host}&port=${port}`;
  return `postgres://${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}
