import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createRandom, type Random } from '../../scripts/forecaster/random.ts';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { SEED } from '../support/seed.ts';
import { KINDS, rage } from './faults.ts';
import { RESOURCES } from './replicas.ts';
import { expectSound, openStage, type Stage, type Staged } from './stage.ts';

/** Longer than any run: who was cut off goes on with its own, and must have ended before the next one may begin. */
const COOLDOWN = 6_000;
const SECONDS = Number(process.env['FORESTALL_CHAOS_SECONDS'] ?? 40);
const REPLICAS = 4;

vi.setConfig({ testTimeout: SECONDS * 1_000 + 400_000 });

/** Delivers to replicas at random, again what was not taken, until `over`. */
async function keepPosting(stage: Stage, random: Random, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const resource = random.pick(RESOURCES);
    for (let attempt = 0; attempt < 3; attempt++) {
      // Who sleeps is not waited for as long as it does.
      const { status } = await stage.post(random.pick(stage.replicas), resource, 2_500);
      if (status === 200 || random.chance()) break;
    }
    await delay(random.between(50, 400));
  }
}

/** Both Alertmanagers hear every second of some alerts, as they do from a pair of Prometheus. */
async function keepFiring(stage: Stage, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await stage.pair.fire(RESOURCES);
    await delay(1_000, undefined, { signal: over }).catch(() => {});
  }
}

function linesOf(stage: Stage, says: RegExp): number {
  const logs = stage.replicas.flatMap(({ services }) => services.flatMap((service) => service.log()));
  return logs.filter(({ msg }) => says.test(String(msg))).length;
}

/** What happened, in one line. */
function summary(stage: Stage, faults: ReadonlyMap<string, number>, history: Staged): string {
  const { deliveries, executions, steps = [], told = [] } = history;
  const statuses = Map.groupBy(deliveries, ({ status }) => String(status ?? 'no answer'));
  const states = Map.groupBy(executions, ({ state }) => state);
  const taken = steps.filter(
    (step, at) => step.fence > 1 && steps.findIndex(({ id, fence }) => id === step.id && fence === step.fence) === at,
  );
  const counts = (groups: ReadonlyMap<string, readonly unknown[]>) =>
    [...groups].map(([name, all]) => `${all.length} ${name}`).join(', ');
  const repeated = told.length - new Set(told.map(({ execution_id }) => execution_id)).size;
  return [
    `seed ${SEED}`,
    `faults: ${[...faults].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
    `deliveries: ${deliveries.length} (${counts(statuses)}), ${stage.pair.sent.length} of them by the pair`,
    `starts: ${history.records.filter((line) => line.startsWith('run ')).length}`,
    `executions: ${counts(states)}`,
    `taken over: ${taken.length}`,
    `late writes refused: ${linesOf(stage, /another process has taken this execution over/)}`,
    `reports: ${told.length}, ${repeated} twice`,
    `the machine stood still for ${history.stood} ms at most`,
  ].join('; ');
}

describe.skipIf(!withPostgres || !hasAlertmanager)('replicas among faults', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  test(`${SECONDS} seconds of faults on ${REPLICAS} replicas leave a sound history`, async () => {
    console.info(`FORESTALL_SEED=${SEED} FORESTALL_CHAOS_SECONDS=${SECONDS}`);
    const stage = await openStage(server, REPLICAS, COOLDOWN);
    const over = new AbortController();
    const traffic = [
      keepFiring(stage, over.signal),
      ...[1, 2, 3, 4].map((sender) => keepPosting(stage, createRandom(`${SEED}/sender ${sender}`), over.signal)),
    ];
    const random = createRandom(`${SEED}/faults`);
    const faults = await rage(stage.replicas, { random, duration: SECONDS * 1_000, lanes: 3 });
    over.abort();
    await Promise.all(traffic);
    const history = await stage.settle();
    console.info(summary(stage, faults, history));
    expectSound(history);
    for (const kind of KINDS) expect([kind, faults.get(kind)]).not.toEqual([kind, 0]);
    expect(history.deliveries.filter(({ status }) => status === 200)).not.toEqual([]);
    expect(history.records.filter((line) => line.startsWith('run '))).not.toEqual([]);
  });
});
