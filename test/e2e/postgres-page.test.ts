import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { makeDocsHome } from '../docs/home.ts';
import { commandsOf } from '../docs/page.ts';
import { openShell } from '../docs/shell.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { claim } from '../ledger/support.ts';
import { startPostgres, withPostgres } from '../support/postgres.ts';

vi.setConfig({ testTimeout: 120_000 });

const PAGE = 'docs/postgresql.md';
/** What the driver's own folder has is installed here already. */
const NOT_RUN = /^sudo npm install/;

describe.skipIf(!withPostgres)(PAGE, () => {
  test('can be followed from the first command to the last', async () => {
    const server = await startPostgres('postgres');
    const home = makeDocsHome(PAGE);
    const moved = await sqliteStore(join(home.folder, 'data/forestall.db')).open();
    const hold = await claim(moved);
    await moved.close();
    const shell = openShell(home.folder, { PGHOST: server.folder, PGPORT: String(server.port), PGUSER: 'postgres' });
    const here = (text: string) =>
      text
        .replaceAll('db.example:5432', `127.0.0.1:${server.port}`)
        .replaceAll('-h db.example -p 5432', `-h 127.0.0.1 -p ${server.port}`);
    const followed: string[] = [];
    for (const { text, line } of commandsOf(PAGE)) {
      if (NOT_RUN.test(text)) continue;
      const { code, output } = await shell.run(here(text));
      expect([`${PAGE}:${line}`, text, code, output]).toEqual([`${PAGE}:${line}`, text, 0, output]);
      if (text.startsWith('forestall check'))
        expect(output).toMatch(/ok +store postgres:\/\/forestall@127\.0\.0\.1:\d+\/forestall can be used/);
      if (text.startsWith('forestall store copy')) expect(output).toContain('both stores hold the same');
      // What was there before the backup is there after it was put back, with all that protects it.
      if (text.startsWith('forestall status')) {
        expect((await shell.run('forestall history --json')).output).toContain(hold.execution_id);
        expect(server.sql('forestall', 'SELECT count(*) FROM forestall.executions')).toBe('1');
        const indexes = (schema: string) =>
          server.sql('forestall', `SELECT count(*) FROM pg_indexes WHERE schemaname = '${schema}'`);
        expect(indexes('forestall')).toBe(indexes('forestall_broken'));
        expect((await shell.run('forestall pause --for 48h --name restored')).code).toBe(0);
      }
      followed.push(text.split(' ')[0]!);
    }
    expect(followed).toEqual(expect.arrayContaining(['openssl', 'psql', 'sed', 'forestall', 'pg_dump', 'pg_restore']));
    expect(readFileSync(home.config, 'utf8')).toContain('store: postgres://');
  });
});
