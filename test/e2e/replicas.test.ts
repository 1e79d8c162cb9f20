import { beforeAll, describe, expect, test, vi } from 'vitest';
import { readExposition } from '../support/exposition.ts';
import { ofTheProcess } from '../support/metrics-page.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { makeReplicas } from '../support/replicas.ts';
import { alertBody, DISK, ended, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

/** What is promised is a second; a machine that does five other things at once is given more. */
const GUARD = 8_000;

/** May be five minutes old. */
const SCORES = /^prediction_(?:absolute_error_days|brier_score|scored_total|precision|unproven)$/;

let server: PostgresServer | null = null;
beforeAll(async () => {
  if (withPostgres) server = await startPostgres();
});

const replicas = (engine: string) =>
  makeReplicas({
    server: engine === 'PostgreSQL' ? server : null,
    count: 2,
    resources: ['/data', '/asks', '/refused', '/other'],
    mapping(mapping) {
      const [first] = mapping.mappings;
      const asks = { ...first, resource_filter: '/asks', action: { ...first.action, require_confirmation: true } };
      const refused = { ...asks, resource_filter: '/refused' };
      mapping.mappings = [asks, refused, first];
    },
  });

describe.each(['PostgreSQL', 'SQLite'])('two replicas on %s', (engine) => {
  const skipped = engine === 'PostgreSQL' && !withPostgres;

  test.skipIf(skipped)('what one is told the other knows within a second', async () => {
    const { homes, records } = replicas(engine);
    const [one, other] = (await Promise.all(homes.map((home) => startService(home)))) as [Service, Service];
    const figures: string[] = [];
    /** From the answer of the one who was told until it holds at the other. */
    async function seen(what: string, tell: () => Promise<unknown>, holds: () => Promise<boolean>): Promise<void> {
      expect([what, await holds()]).toEqual([what, false]);
      await tell();
      const told = performance.now();
      await eventually(holds, { timeout: GUARD, interval: 10 });
      figures.push(`${what} ${Math.round(performance.now() - told)} ms`);
    }
    const told = async (path: string, body: object, service = one) =>
      expect((await service.post(path, body)).status).toBe(200);
    const waiting = async (resource: string) => {
      const answer = await (await one.post('/webhook', alertBody({ resource }))).json();
      const { execution_id: id } = (answer as { decisions: { execution_id: string }[] }).decisions[0]!;
      await eventually(async () => (await one.json(`/api/v1/executions/${id}`)).state === 'awaiting_approval', {
        timeout: 30_000,
      });
      return id;
    };
    const reason = async (service: Service, resource: string) => {
      const { decisions } = (await (await service.post('/webhook', alertBody({ resource }))).json()) as any;
      return decisions[0].reason;
    };

    const paused = async () => (await other.json('/api/v1/status')).mode === 'paused';
    await seen('a pause', () => told('/api/v1/pause', { name: 'ann' }), paused);
    expect(await reason(other, '/data')).toBe('kill_switch');
    expect((await (await other.get('/metrics')).text()).includes('proactive_remediation_enabled 0')).toBe(true);
    await seen(
      'its end',
      () => told('/api/v1/resume', { name: 'ann' }),
      async () => !(await paused()),
    );
    expect(await reason(other, '/data')).toBe('approved');

    const hand = { ...DISK, resource: '/by-hand', days_until_critical: 5.5 };
    await seen(
      'a prediction by hand',
      () => told('/api/v1/predictions?mode=publish', hand),
      async () => (await (await other.get('/metrics')).text()).includes('resource="/by-hand",source="api"} 5.5'),
    );
    await seen(
      'one that takes its place',
      () => told('/api/v1/predictions?mode=publish', { ...hand, days_until_critical: 4.5 }, other),
      async () => (await (await one.get('/metrics')).text()).includes('resource="/by-hand",source="api"} 4.5'),
    );

    // A replica runs one playbook at a time: nothing is to stand before the one that is confirmed.
    const [{ id: ran }] = (await other.json('/api/v1/executions')).items;
    await ended(other, ran, 30_000);
    const [asks, refused] = [await waiting('/asks'), await waiting('/refused')];
    const stateOf = async (service: Service, id: string) => (await service.json(`/api/v1/executions/${id}`)).state;
    await seen(
      'a confirmation, until the playbook starts',
      () => told(`/api/v1/executions/${asks}/approve`, {}, other),
      async () => records().some((line) => line.startsWith(`run ${asks}`)),
    );
    expect((await ended(one, asks)).state).toBe('succeeded');
    await seen(
      'a denial',
      () => told(`/api/v1/executions/${refused}/reject`, {}, other),
      async () => (await stateOf(one, refused)) === 'denied',
    );
    expect((await one.post(`/api/v1/executions/${refused}/approve`, {})).status).toBe(409);
    console.info(`${engine}: ${figures.join(', ')}`);
    await Promise.all([one.stop(), other.stop()]);
  });
});

describe.skipIf(!withPostgres)('of two replicas on PostgreSQL', () => {
  test('/metrics of both say the same of all that is not of the process', async () => {
    const { homes } = replicas('PostgreSQL');
    const services = (await Promise.all(homes.map((home) => startService(home)))) as [Service, Service];
    const [one, other] = services;
    for (const [at, resource] of ['/data', '/other', '/data', '/nobody', '/asks', '/data', '/nobody'].entries()) {
      await services[at % 2]!.post('/webhook', alertBody({ resource }));
    }
    await one.post('/webhook', alertBody({}, { status: 'resolved', endsAt: new Date().toISOString() }));
    await other.post('/api/v1/predictions?mode=publish', { ...DISK, resource: '/by-hand' });
    await eventually(
      async () => {
        const { items } = await one.json('/api/v1/executions');
        return items.length === 3 && items.every(({ state }: any) => /succeeded|awaiting_approval/.test(state));
      },
      { timeout: 30_000 },
    );
    const families = async (service: Service) =>
      readExposition(await (await service.get('/metrics')).text())
        .filter(({ name }) => !ofTheProcess(name) && !SCORES.test(name))
        .map(({ name, samples }) => [
          name,
          samples.map(({ labels, value }) => JSON.stringify([labels, value])).toSorted(),
        ]);
    const [ours] = await eventually(
      async () => {
        const both = await Promise.all(services.map(families));
        expect(both[0]).toEqual(both[1]);
        const text = JSON.stringify(both[0]);
        // Counted last, so that nothing is left to be written back.
        expect(text).toMatch(/not_firing\\"},1\]/);
        return both;
      },
      // What a process counts in memory it writes back after two seconds.
      { timeout: 20_000, interval: 200 },
    );
    const sum = (name: string) =>
      (ours!.find(([family]) => family === name)![1] as string[])
        .map((sample) => JSON.parse(sample)[1] as number)
        .reduce((total, value) => total + value, 0);
    expect(sum('proactive_remediation_decisions_total')).toBe(8);
    expect(sum('proactive_remediation_executions_total')).toBe(2);
    expect(sum('proactive_remediation_awaiting_approval')).toBe(1);
    for (const service of services) await service.stop();
  });
});
