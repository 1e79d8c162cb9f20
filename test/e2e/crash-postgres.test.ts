import pg from 'pg';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openPostgresVerify } from '../../src/ledger/postgres/chain-reads.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { startPeople } from '../chaos/people.ts';
import { makeReplicas, type Replica } from '../chaos/replicas.ts';
import { deliver, type Sent } from '../chaos/senders.ts';
import { openStore } from '../chaos/witness.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { alertBody, DISK } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { ENUMERATION_TIMEOUT, visits, WERE_ASKED_FOR } from './crash-points.ts';
import { type History, problemsOf } from './history-checker.ts';

/** Of what it sends to PostgreSQL during a remediation; all of it takes half an hour. */
const { first: FIRST, step: STEP } = visits(60);
const COOLDOWN = 3_600_000;
/** One for each point, and some more. */
const RESOURCES = 10 + Math.ceil(400 / STEP);

vi.setConfig({ testTimeout: ENUMERATION_TIMEOUT });

interface Row {
  readonly state: string;
  readonly started_at: number | null;
}

describe.skipIf(!withPostgres)('killed at a statement to PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  async function openScene() {
    const people = await startPeople();
    const { all, database, records } = await makeReplicas(server, {
      count: 1,
      cooldown: COOLDOWN,
      discord: people.url,
    });
    const replica = all[0]!;
    people.know(all);
    replica.home.writePredictions(
      Array.from({ length: RESOURCES }, (_, at) => ({ ...DISK, resource: `/data/quick/${at}` })),
    );
    const armed = killer(replica);
    await replica.start();
    const store = await openStore(server, database);
    await store.watch();
    const sent: Sent[] = [];
    // What waits for an answer here must not hold up what it is an answer to: the way to the store is in this process.
    const client = new pg.Client({ host: server.folder, port: server.port, user: 'forestall', database });
    client.on('error', () => {});
    await client.connect();
    await client.query('SET search_path TO forestall');
    const ask = async <Row extends object>(text: string, values: readonly string[] = []): Promise<readonly Row[]> =>
      (await client.query<Row>(text, [...values])).rows;
    const countOf = async (text: string, resource: string): Promise<number> =>
      Number((await ask<{ count: string }>(text, [resource]))[0]!.count);
    const historyNow = async (): Promise<History> => ({
      ...(await store.witness()),
      deliveries: sent,
      records: records(),
      cooldown: COOLDOWN,
      told: people.told,
      outages: replica.outages,
    });
    return {
      replica,
      killer: armed,
      async close(): Promise<void> {
        await store.close();
        await client.end();
      },
      async post(resource: string): Promise<Sent> {
        const answer = await deliver(replica, JSON.stringify(alertBody({ resource })), 'test');
        sent.push(answer);
        return answer;
      },
      /** How much of what the alert about a resource leads to is still to be done, reports left out. */
      leftOf: (resource: string) =>
        countOf(
          `SELECT count(*) FROM executions
           WHERE resource = $1 AND (finished_at IS NULL OR verify_at IS NOT NULL AND outcome IS NULL)`,
          resource,
        ),
      reportsOf: (resource: string) =>
        countOf(
          'SELECT count(*) FROM reports JOIN executions ON executions.id = execution_id WHERE resource = $1',
          resource,
        ),
      rowsOf: (resource: string) =>
        ask<Row>('SELECT state, started_at FROM executions WHERE resource = $1 ORDER BY seq', [resource]),
      /** What people were not told yet has to be on record to be told. */
      async expectSound(): Promise<void> {
        const rows = await ask<{ execution_id: string | null }>('SELECT DISTINCT execution_id FROM reports');
        const waiting = rows.flatMap(({ execution_id }) => execution_id ?? []);
        const problems = problemsOf(await historyNow());
        expect(
          problems.filter((line) => !(line.startsWith('untold: ') && waiting.some((id) => line.includes(id)))),
        ).toEqual([]);
        const reads = await openPostgresVerify(server.store(database));
        try {
          expect((await verifyChain(reads, { head: null, key: null })).problem).toBeNull();
        } finally {
          reads.close();
        }
      },
      async expectAllTold(): Promise<void> {
        // What a sender had taken when it died is told by another one after a minute.
        await eventually(async () => (await store.unsettled()).reports === 0, { timeout: 180_000, interval: 500 });
        expect(problemsOf(await historyNow())).toEqual([]);
      },
    };
  }

  type Scene = Awaited<ReturnType<typeof openScene>>;

  /** Kills a replica as it sends the so many-th thing to its store from now on; where that was, once it was. */
  function killer(replica: Replica) {
    const texts = new Map<string, string>();
    let left = 0;
    let fate: 'pass' | 'cut' = 'pass';
    let at: string | null = null;
    replica.way.rule = (chunk) => {
      const text = chunk.toString('latin1');
      for (const [, name, statement] of text.matchAll(/(forestall_\d+)\0([^\0]+)/g)) texts.set(name!, statement!);
      if (--left !== 0) return 'pass';
      const said = texts.get(/forestall_\d+/.exec(text)?.[0] ?? '') ?? /[A-Z]{4,} [^\0]*/.exec(text)?.[0];
      at = (said ?? 'something else').replaceAll(/\s+/g, ' ').trim().slice(0, 60);
      void replica.kill();
      return fate;
    };
    return {
      arm(when: number, how: 'pass' | 'cut'): void {
        [left, fate, at] = [when, how, null];
      },
      disarm(): void {
        left = 0;
      },
      at: () => at,
    };
  }

  /** Kills at one point of the way of one alert; where, or null: it came to its end before. */
  async function visit(scene: Scene, resource: string, when: number, fate: 'pass' | 'cut'): Promise<string | null> {
    const { replica, killer } = scene;
    killer.arm(when, fate);
    const answer = await scene.post(resource);
    const isDone = async () => (await scene.leftOf(resource)) + (await scene.reportsOf(resource)) === 0;
    await eventually(async () => killer.at() !== null || (await isDone()), { timeout: 90_000, interval: 100 });
    killer.disarm();
    if (killer.at() !== null) {
      await replica.services.at(-1)!.exited();
      await replica.start();
    }
    // An answer that did not come is asked for again, as Alertmanager does.
    if (answer.status !== 200)
      await eventually(async () => (await scene.post(resource)).status === 200, { timeout: 60_000, interval: 500 });
    await eventually(async () => (await scene.leftOf(resource)) === 0, { timeout: 90_000, interval: 100 });
    return killer.at();
  }

  test.concurrent.each([
    ['arrives', 'pass'],
    ['is lost', 'cut'],
  ] as const)(
    'from the POST to the last report, where it still %s: nothing runs twice, nothing is lost, and the chain fits (fault 13)',
    async (_what, fate) => {
      const scene = await openScene();
      const visited: string[] = [];
      for (let when = fate === 'pass' ? FIRST : FIRST + Math.floor(STEP / 2); ; when += STEP) {
        const resource = `/data/quick/${visited.length}`;
        const point = await visit(scene, resource, when, fate);
        await scene.expectSound();
        const real = (await scene.rowsOf(resource)).filter(({ started_at }) => started_at !== null);
        expect([point, real.map(({ state }) => state)]).toEqual([
          point,
          [expect.stringMatching(/^(succeeded|interrupted)$/)],
        ]);
        if (point === null) break;
        visited.push(`${when} ${point}`);
      }
      console.info(`${visited.length} points were visited where the statement ${_what}:\n${visited.join('\n')}`);
      expect(visited.length * STEP).toBeGreaterThan(100);
      if (WERE_ASKED_FOR) await scene.expectAllTold();
      expect(await scene.replica.stop()).toBe(0);
      await scene.close();
    },
  );
});
