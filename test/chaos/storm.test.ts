import { beforeAll, describe, expect, test, vi } from 'vitest';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { expectSound, openStage } from './stage.ts';

vi.setConfig({ testTimeout: 240_000 });

const ALERTS = 300;

describe.skipIf(!withPostgres || !hasAlertmanager)('a storm of one alert', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  test.each([2, 4])(`${ALERTS} times to each of %i replicas at once, and by the pair: one run`, async (count) => {
    const stage = await openStage(server, count, 3_600_000);
    const told = stage.pair.fire(['/rare/quick']);
    const once = stage.replicas.flatMap((replica) =>
      Array.from({ length: ALERTS }, async () => {
        // As Alertmanager does: what was not taken is delivered again.
        while ((await stage.post(replica, '/rare/quick')).status !== 200);
      }),
    );
    await Promise.all([told, ...once]);
    const history = await stage.settle();
    expectSound(history);
    const accepted = history.deliveries.filter(({ status }) => status === 200);
    expect(accepted.length).toBeGreaterThanOrEqual(count * ALERTS);
    const approvals = accepted.flatMap(({ decisions }) => decisions.filter(({ verdict }) => verdict === 'approved'));
    expect(approvals.length).toBeLessThanOrEqual(history.executions.length);
    expect(history.records.filter((line) => line.startsWith('run '))).toHaveLength(1);
  });
});
