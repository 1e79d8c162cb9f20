import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { makeReplicas } from '../support/replicas.ts';
import { alertBody, ended, forestall, type Service } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { problemsOf } from './history-checker.ts';
import { type Answered, createSender } from './traffic.ts';
import { watchedReplicas } from './watched.ts';

vi.setConfig({ testTimeout: 180_000 });

const WAIT = { timeout: 40_000, interval: 50 };

let server: PostgresServer | null = null;
beforeAll(async () => {
  if (withPostgres) server = await startPostgres();
});

interface Kind {
  readonly name: string;
  readonly engine: 'SQLite' | 'PostgreSQL';
  readonly take: (store: string, copy: string) => void;
  readonly restore: (store: string, copy: string) => void;
}

const run = (program: string, ...args: string[]) => void execFileSync(program, args, { stdio: 'pipe' });

/** As docs/upgrade.md says: without what belonged to the other one. */
function putFileBack(store: string, copy: string): void {
  const broken = join(dirname(store), 'broken');
  mkdirSync(broken);
  for (const name of readdirSync(dirname(store)).filter((name) => name.startsWith('forestall.db')))
    renameSync(join(dirname(store), name), join(broken, name));
  copyFileSync(copy, store);
}

const onServer = (database: string) => [
  '-h',
  server!.folder,
  '-p',
  String(server!.port),
  '-U',
  'forestall',
  '-d',
  database,
];

const KINDS: readonly Kind[] = [
  {
    name: 'a file, by .backup',
    engine: 'SQLite',
    take: (store, copy) => run('sqlite3', '-readonly', store, `.backup ${copy}`),
    restore: putFileBack,
  },
  {
    name: 'a file, by VACUUM INTO',
    engine: 'SQLite',
    take: (store, copy) => run('sqlite3', '-readonly', store, `VACUUM INTO '${copy}'`),
    restore: putFileBack,
  },
  {
    name: 'a database, by pg_dump',
    engine: 'PostgreSQL',
    take: (store, copy) =>
      run('pg_dump', ...onServer(store), '--format=custom', '--schema=forestall', `--file=${copy}`),
    restore(store, copy) {
      server!.sql(store, 'ALTER SCHEMA forestall RENAME TO forestall_broken');
      run('pg_restore', ...onServer(store), '--exit-on-error', copy);
    },
  },
];

const reasonFor = async (service: Service, resource: string): Promise<string> => {
  const answer = await service.post('/webhook', alertBody({ resource }));
  return ((await answer.json()) as { decisions: { reason: string }[] }).decisions[0]!.reason;
};

describe.each(KINDS)('$name, taken while the service runs', ({ engine, take, restore }) => {
  test.skipIf(engine === 'PostgreSQL' && !withPostgres)(
    'goes on when it is put back, from the pause that was set first',
    async () => {
      const copy = join(tempDir(), 'copy');
      const release = join(tempDir(), 'release');
      const replicas = await watchedReplicas(
        makeReplicas({
          server: engine === 'PostgreSQL' ? server : null,
          count: 1,
          resources: ['/ran', '/runs', '/later'],
          mapping(mapping) {
            const [first] = mapping.mappings;
            const held = { ...first, resource_filter: '/runs', action: { ...first.action, playbook: 'held' } };
            mapping.mappings = [held, first];
          },
          config: (config: any) => ({
            ...config,
            execution: { max_parallel: 2 },
            playbooks: {
              ...config.playbooks,
              held: { ...config.playbooks.recording, env: { ...config.playbooks.recording.env, HOLD_RUN: release } },
            },
          }),
        }),
      );
      const [home] = replicas.homes;
      const service = await replicas.start(0);
      const claimed = async (resource: string) => {
        expect(await reasonFor(service, resource)).toBe('approved');
        const { items } = await service.json('/api/v1/executions');
        return items.find((item: any) => item.prediction.resource === resource).id as string;
      };
      await ended(service, await claimed('/ran'));
      const running = await claimed('/runs');
      await eventually(() => replicas.records().some((line) => line.startsWith(`run ${running}`)), WAIT);

      // Alerts come before, while and after it is taken.
      const sender = createSender(service);
      const answers: Answered[] = [];
      let going = true;
      const sending = (async () => {
        for (let at = 0; going; at++) answers.push(await sender.deliver(alertBody({ resource: `/nothing/${at}` })));
      })();
      await eventually(() => answers.length > 20, WAIT);
      const before = answers.flatMap(({ decisions }) => decisions.map(({ id }) => id));
      take(replicas.store, copy);
      const taken = answers.length;
      await eventually(() => answers.length > taken + 20, WAIT);
      going = false;
      await sending;
      sender.close();
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      const forgotten = await claimed('/later');
      await ended(service, forgotten);

      await service.stop('SIGKILL');
      restore(replicas.store, copy);
      const command = ['--config', home!.config];
      expect((await forestall(['status', ...command])).code).toBe(0);
      expect(await forestall(['pause', '--for', '48h', '--name', 'restored', ...command])).toMatchObject({ code: 0 });
      const again = await replicas.start(0);
      const known = new Set(replicas.ledger().decisions.map(({ id }) => id));
      expect(before.filter((id) => !known.has(id))).toEqual([]);
      if (engine === 'SQLite') expect([...readFileSync(replicas.store).subarray(18, 20)]).toEqual([2, 2]);
      // What ran when it was taken, and has no owner any more.
      writeFileSync(release, '');
      expect(await ended(again, running, 40_000)).toMatchObject({ state: 'interrupted' });
      expect(await reasonFor(again, '/later')).toBe('kill_switch');
      expect((await again.post('/api/v1/resume', { name: 'restored' })).status).toBe(200);
      expect(await reasonFor(again, '/ran')).toMatch(/cooldown|settling/);
      expect(await reasonFor(again, '/runs')).toMatch(/cooldown|settling/);
      // And this is what the pause is for: what ran since the backup is not known any more.
      expect(await reasonFor(again, '/later')).toBe('approved');
      await eventually(() => replicas.ledger().executions.every(({ finished_at }) => finished_at !== null), WAIT);
      expect(replicas.records().filter((line) => line.startsWith('run '))).toHaveLength(4);
      expect(await again.stop()).toBe(0);
      // Of all that was seen, only what was since the backup does not agree with what is on record; people were told twice then.
      const { told: _told, ...history } = replicas.history(answers);
      const problems = problemsOf(history);
      expect(problems).toContain(`unknown-start: ${forgotten} was started and is not on record`);
      expect(problems.filter((problem) => !/^lost-delivery: /.test(problem) && !problem.includes(forgotten))).toEqual(
        [],
      );
      expect(problems.filter((problem) => before.some((id) => problem.includes(id)))).toEqual([]);
    },
  );
});
