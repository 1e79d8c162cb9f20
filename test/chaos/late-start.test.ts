import { beforeAll, describe, expect, test, vi } from 'vitest';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { DISK, ended } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import type { Replica } from './replicas.ts';
import { expectSound, openStage, type Stage } from './stage.ts';

vi.setConfig({ testTimeout: 240_000 });

const PATIENT = { timeout: 60_000, interval: 50 };
const BEGIN = "SET state = 'running'";

describe.skipIf(!withPostgres || !hasAlertmanager)('a run that comes late', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  async function twoReplicas() {
    const stage = await openStage(server, 2, 3_600_000);
    const [first, second] = stage.replicas as [Replica, Replica];
    return { stage, first, second };
  }

  async function claim(stage: Stage, replica: Replica): Promise<string> {
    const { decisions } = await stage.post(replica, '/data/quick');
    return decisions[0]!.execution_id!;
  }

  /** Stops it, as when a machine is suspended, at the moment at which its store is told to keep that a run has begun. */
  function sleepAtBegin(replica: Replica): void {
    let beginning: number | null = null;
    replica.way.rule = (chunk, connection) => {
      if (chunk.includes(BEGIN)) beginning = connection;
      else if (connection === beginning && chunk.includes('COMMIT')) {
        replica.signal('SIGSTOP');
        replica.way.rule = () => 'pass';
      }
      return 'pass';
    };
  }

  /** The first sleeps once its run is on record and before it was started; the second ends the run. */
  async function asleepBeforeItsStart() {
    const { stage, first, second } = await twoReplicas();
    sleepAtBegin(first);
    const id = await claim(stage, first);
    expect(await ended(second.service!, id, 60_000)).toMatchObject({ state: 'interrupted' });
    return { stage, first, id };
  }

  const says = (replica: Replica, what: RegExp) =>
    eventually(() => replica.service!.log().some(({ msg }) => what.test(String(msg))), PATIENT);

  /** It was not started, and stays what it was. */
  async function expectNoStart(stage: Stage, id: string, state: string): Promise<void> {
    const history = await stage.settle();
    expectSound(history);
    expect(history.records.filter((line) => line.startsWith(`run ${id}`))).toEqual([]);
    expect(history.executions).toMatchObject([{ id, state }]);
  }

  test('who sleeps between the record of a run and its start does not start what others have ended', async () => {
    const { stage, first, id } = await asleepBeforeItsStart();
    first.signal('SIGCONT');
    await says(first, /another process has taken this execution over/);
    await expectNoStart(stage, id, 'interrupted');
  });

  test('nor while it cannot ask, because its way to the store is not back yet', async () => {
    const { stage, first, id } = await asleepBeforeItsStart();
    first.way.hang(true);
    first.signal('SIGCONT');
    await says(first, /the ledger does not take a write; trying again|the process group could not be noted/);
    first.way.hang(false);
    await says(first, /another process has taken this execution over/);
    await expectNoStart(stage, id, 'interrupted');
  });

  test('a run that waited for the store is decided on as things are then', async () => {
    const { stage, first, second } = await twoReplicas();
    first.way.rule = (chunk) => (chunk.includes(BEGIN) ? 'cut' : 'pass');
    const id = await claim(stage, first);
    await says(first, /the ledger does not take a write; trying again/);
    for (const { home, service } of [first, second]) {
      home.writePredictions([{ ...DISK, resource: '/data/quick', days_until_critical: 1 }]);
      await eventually(async () => {
        const { items } = await service!.json('/api/v1/predictions');
        return items.some((item: any) => item.days_until_critical === 1);
      }, PATIENT);
    }
    first.way.rule = () => 'pass';
    await ended(first.service!, id, 60_000);
    await expectNoStart(stage, id, 'rejected');
  });
});
