import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { startBalancer } from '../support/balancer.ts';
import { makeNewerProgram } from '../support/newer-program.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { makeReplicas } from '../support/replicas.ts';
import { alertBody, ended, forestall, type Service } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { problemsOf } from './history-checker.ts';
import { type Answered, createSender } from './traffic.ts';
import { type WatchedReplicas, watchedReplicas } from './watched.ts';

vi.setConfig({ testTimeout: 240_000 });

const WAIT = { timeout: 40_000, interval: 50 };
const NAMES = ['a', 'b', 'c'];

let server: PostgresServer | null = null;
beforeAll(async () => {
  if (withPostgres) server = await startPostgres();
});

/** Delivers one alert after the other, about each resource in turn, until it is told to stop. */
function keepDelivering(
  resources: readonly string[],
  port: () => number,
  afterRefusal: (answer: Answered, port: number) => void = () => {},
) {
  const answers: Answered[] = [];
  let going = true;
  let delivered = 0;
  const done = (async () => {
    for (let at = 0; going; at++) {
      // As Alertmanager does: what was refused, or not answered, is delivered again, with a pause in between.
      for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
        const to = port();
        const sender = createSender({ port: to }, 1);
        const answer = await sender.deliver(alertBody({ resource: resources[at % resources.length]! }));
        sender.close();
        answers.push(answer);
        if (answer.status === 200) break;
        afterRefusal(answer, to);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      delivered++;
    }
  })();
  return {
    answers: answers as readonly Answered[],
    get delivered() {
      return delivered;
    },
    async stop() {
      going = false;
      await done;
    },
  };
}

/** Nothing that was accepted is missing, and no cooldown was run through. */
function expectSound(replicas: WatchedReplicas, deliveries: readonly Answered[]) {
  const history = replicas.history(deliveries);
  expect(problemsOf(history)).toEqual([]);
  return history;
}

/** Nor was any repeat counted too seldom, or twice; of `unsure` deliveries nobody knows whether they are on record. */
function expectNothingLost(replicas: WatchedReplicas, deliveries: readonly Answered[], unsure: number) {
  const { executions, decisions } = expectSound(replicas, deliveries);
  const answered = deliveries.filter(({ status }) => status === 200).flatMap((delivery) => delivery.decisions);
  const unanswered = deliveries.filter(({ status }) => status === null).length;
  const counted = decisions.reduce((sum, { repeats }) => sum + 1 + repeats, 0);
  expect(counted).toBeGreaterThanOrEqual(answered.length);
  expect(counted).toBeLessThanOrEqual(answered.length + unanswered + unsure);
  return executions;
}

describe.each([
  ['PostgreSQL', 3],
  ['SQLite', 2],
])('replicas on %s', (engine, count) => {
  const skipped = engine === 'PostgreSQL' && !withPostgres;
  const store = () => (engine === 'PostgreSQL' ? server : null);

  test.skipIf(skipped)(
    'restarted one after the other while alerts come: no request fails, nothing is lost',
    async () => {
      const folder = tempDir();
      const release = (at: number) => join(folder, `release-${at}`);
      const resources = Array.from({ length: 4 * count }, (_, at) => `/data/${at}`);
      const replicas = await watchedReplicas(
        makeReplicas({
          server: store(),
          count,
          resources,
          env: (at) => ({ HOLD_RUN: release(at) }),
          // The last one has no patience: what runs then is ended.
          config: (config, at) => (at === count - 1 ? { ...config, execution: { drain_timeout: '100ms' } } : config),
        }),
      );
      const { homes, records } = replicas;
      const services = await Promise.all(homes.map((_home, at) => replicas.start(at)));
      const balancer = await startBalancer();
      for (const [at, { port }] of services.entries()) balancer.target(NAMES[at]!, port);
      await eventually(() => balancer.ready().length === count, WAIT);

      const ports = services.map(({ port }) => port);
      const balanced = [0, 1].map(() => keepDelivering(resources, () => balancer.port));
      // One that knows nothing of the balancer, and only what it was configured with.
      let turn = 0;
      const direct = keepDelivering(resources, () => ports[turn++ % count]!);
      await eventually(() => balanced.every(({ delivered }) => delivered > resources.length), WAIT);

      const interrupted: string[] = [];
      for (const at of homes.keys()) {
        const service = services[at]!;
        // One of its own runs, and more wait behind it: the file that lets it end is not there yet.
        const running = await eventually(async () => {
          const open = (await service.json('/api/v1/executions?state=running')).items as { id: string }[];
          const started = new Set(
            service.log().flatMap(({ execution_id, state }) => (state === 'running' ? [execution_id] : [])),
          );
          return open.find(({ id }) => started.has(id) && records().some((line) => line.startsWith(`run ${id}`)))?.id;
        }, WAIT);
        service.signal('SIGTERM');
        await eventually(() => !balancer.ready().includes(NAMES[at]!), WAIT);
        if (at < count - 1) writeFileSync(release(at), '');
        else interrupted.push(running);
        expect(await service.exited()).toBe(0);
        writeFileSync(release(at), '');
        services[at] = await replicas.start(at);
        ports[at] = services[at]!.port;
        balancer.target(NAMES[at]!, ports[at]!);
        await eventually(() => balancer.ready().length === count, WAIT);
      }
      await eventually(() => replicas.ledger().executions.every(({ finished_at }) => finished_at !== null), WAIT);
      for (const sending of [...balanced, direct]) await sending.stop();
      for (const service of services) expect(await service.stop()).toBe(0);

      const overBalancer = balanced.flatMap(({ answers }) => answers);
      // Where the machine has so much to do that a store does not answer in time, that is no one's restart.
      const tooSlow = replicas.services.flatMap((service) =>
        service.log().filter(({ msg }) => msg === 'the store is not available'),
      );
      const failed = overBalancer.filter(({ status }) => status !== 200);
      expect(failed.filter(({ status }) => status !== 503)).toEqual([]);
      expect(failed.length).toBeLessThanOrEqual(tooSlow.length);
      const executions = expectNothingLost(replicas, [...overBalancer, ...direct.answers], tooSlow.length);
      expect(executions.map(({ resource }) => resource).toSorted()).toEqual(resources.toSorted());
      for (const { id, state } of executions) {
        expect([id, state]).toEqual([id, interrupted.includes(id) ? 'interrupted' : 'succeeded']);
      }
      const refused = direct.answers.filter(({ status }) => status !== 200).length;
      console.info(
        `${engine}: ${overBalancer.length} deliveries over the balancer, ${balancer.passedOn} passed on, ${failed.length} failed; ` +
          `${direct.delivered} without it, ${refused} of them delivered again`,
      );
    },
  );

  test.skipIf(skipped)(
    'between versions: the older ones write nothing any more once a newer one is there (fault 72)',
    async () => {
      const release = join(tempDir(), 'release');
      const resources = ['/data/old', '/data/new', '/data/both'];
      const replicas = await watchedReplicas(
        makeReplicas({
          server: store(),
          count: 3,
          resources,
          env: () => ({ HOLD_RUN: release }),
          // An older one that cannot put on record how its run ended tries for as long as this.
          config: (config) => ({ ...config, execution: { drain_timeout: '1s' } }),
        }),
      );
      const [older] = replicas.homes;
      const first = await replicas.start(0);
      const second = await replicas.start(1);
      const balancer = await startBalancer();
      balancer.target('a', first.port);
      balancer.target('b', second.port);
      await eventually(() => balancer.ready().length === 2, WAIT);
      const running = await accepted(first, '/data/old');
      await eventually(() => replicas.records().some((line) => line.startsWith(`run ${running}`)), WAIT);
      const sending = keepDelivering(['/data/both'], () => balancer.port);

      const third = await replicas.start(2, { main: makeNewerProgram() });
      balancer.target('c', third.port);
      await eventually(() => balancer.ready().join() === 'c', WAIT);
      for (const service of [first, second]) {
        expect((await service.post('/webhook', alertBody({ resource: '/data/new' }))).status).toBe(503);
        expect((await service.post('/api/v1/pause', {})).status).toBe(503);
        expect((await service.get('/-/healthy')).status).toBe(200);
        expect((await service.get('/api/v1/executions')).status).toBe(200);
        expect(JSON.stringify(service.log())).toMatch(
          /has schema \d+, this version of forestall knows \d+: run the ver/,
        );
      }
      expect(await forestall(['status', '--config', older!.config])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /has schema \d+, this version of forestall knows \d+: run the version that wrote it/,
        ),
      });

      // What an older one runs is left to it: nobody else starts it, and when that one has gone it is known to be interrupted.
      expect(await reasonFor(third, '/data/old')).toBe('in_progress');
      const held = await accepted(third, '/data/new');
      writeFileSync(release, '');
      expect(await ended(third, held)).toMatchObject({ state: 'succeeded' });
      expect(await first.stop()).toBe(0);
      expect(await second.stop()).toBe(0);
      expect(await ended(third, running, 40_000)).toMatchObject({ state: 'interrupted' });
      expect(await reasonFor(third, '/data/old')).toMatch(/cooldown|circuit_open|settling/);
      await eventually(() => replicas.ledger().executions.every(({ finished_at }) => finished_at !== null), WAIT);
      await sending.stop();
      await third.stop();
      expectSound(
        replicas,
        sending.answers.filter(({ status }) => status === 200),
      );
      expect(replicas.records().filter((line) => line.startsWith('run ')).length).toBe(resources.length);
    },
  );
});

async function accepted(service: Service, resource: string): Promise<string> {
  const answer = await service.post('/webhook', alertBody({ resource }));
  const { decisions } = (await answer.json()) as { decisions: { execution_id: string | null }[] };
  expect(decisions[0]).toMatchObject({ reason: 'approved' });
  return decisions[0]!.execution_id!;
}

async function reasonFor(service: Service, resource: string): Promise<string> {
  const answer = await service.post('/webhook', alertBody({ resource }));
  return ((await answer.json()) as { decisions: { reason: string }[] }).decisions[0]!.reason;
}
