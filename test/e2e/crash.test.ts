import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { alertBody, DISK, type Home, makeHome, type Service } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { isBeingWritten } from './ledger-file.ts';
import { type Answered, createSender, expectSoundHistory, settled } from './traffic.ts';
import { type WatchedHome, watched } from './watched.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Stage {
  readonly home: WatchedHome;
  /** What was answered so far. */
  readonly deliveries: Answered[];
  /** Lets the phase go on that waits. */
  release(): void;
  start(): Promise<Service>;
  /** Posts an alert for this resource; the id of the execution that it claimed, or null. */
  post(service: Service, resource: string): Promise<string | null>;
}

type Waits = 'checking' | 'dry_run' | 'run' | 'nowhere';

/** A home whose executions, one scope a resource below `/data`, wait in one phase until they are released. */
async function stage(waits: Waits): Promise<Stage> {
  const hold = join(tempDir(), 'release');
  const phase = { checking: {}, nowhere: {}, dry_run: { HOLD_DRY_RUN: hold }, run: { HOLD_RUN: hold } };
  const waiting = `while [ ! -e '${hold}' ]; do sleep 0.02; done; echo 1`;
  const home = await watched(
    makeHome({
      env: phase[waits],
      config: (config) => ({ ...config, facts: { released: { command: ['/bin/sh', '-c', waiting], timeout: '60s' } } }),
      mapping: (mapping) => {
        mapping.mappings[0].resource_filter = '/data/*';
        mapping.mappings[0].action.limit_scope = 'resource';
        mapping.mappings[0].safety_checks = waits === 'checking' ? ['released == 1'] : [];
        return mapping;
      },
    }),
  );
  home.writePredictions(['/data/a', '/data/b'].map((resource) => ({ ...DISK, resource })));
  const deliveries: Answered[] = [];
  return {
    home,
    deliveries,
    release: () => writeFileSync(hold, ''),
    start: () => home.start(),
    async post(service, resource) {
      const sender = createSender(service, 1);
      const answer = await sender.deliver(alertBody({ resource }));
      sender.close();
      deliveries.push(answer);
      return answer.decisions[0]?.execution_id ?? null;
    },
  };
}

function inState(service: Service, id: string | null, state: string): Promise<unknown> {
  return eventually(async () => (await service.json(`/api/v1/executions/${id}`)).state === state, { timeout: 20_000 });
}

/** Waits until the playbook itself says that this phase of this execution began. */
function began(home: Home, phase: 'dry_run' | 'run', id: string | null): Promise<unknown> {
  const begun = `${phase} ${id} `;
  return eventually(() => home.records().some((line) => line.startsWith(begun)), { timeout: 20_000 });
}

function tookOver(service: Service, id: string | null): Promise<unknown> {
  const says = (line: Record<string, unknown>) => line['execution_id'] === id && /took over/.test(String(line['msg']));
  return eventually(() => service.log().some(says), { timeout: 30_000 });
}

/** Ends of all executions in the order of their claims, once there is nothing unfinished; stops the service. */
async function ends({ home, deliveries }: Stage, service: Service): Promise<string[]> {
  await settled(home);
  await service.stop();
  return expectSoundHistory(home, deliveries).executions.map(({ state }) => state);
}

const runsOf = (home: Home, id: string | null) => home.runs().filter((line) => line.startsWith(`run ${id} `)).length;

describe('a service that is killed, once it is started again', () => {
  it('ends what ran as interrupted, once its playbook has ended, and carries on what waited behind it (fault 14)', async () => {
    const here = await stage('run');
    const first = await here.start();
    const a = await here.post(first, '/data/a');
    await began(here.home, 'run', a);
    const b = await here.post(first, '/data/b');
    await inState(first, b, 'claimed');
    await first.stop('SIGKILL');

    const second = await here.start();
    await began(here.home, 'run', b);
    expect((await second.json(`/api/v1/executions/${a}`)).state).toBe('running');
    here.release();
    await settled(here.home);
    expect(here.home.records()).toContain(`run-end ${a}`);
    expect(await second.json(`/api/v1/executions/${a}`)).toMatchObject({
      state: 'interrupted',
      message: expect.stringMatching(/the service stopped while recording ran; it is not run again/),
    });
    // What was interrupted spends the cooldown as any other run.
    await here.post(second, '/data/a');
    expect(here.deliveries.at(-1)?.decisions[0]).toMatchObject({ verdict: 'deferred', reason: 'cooldown' });
    const metrics = await (await second.get('/metrics')).text();
    expect(metrics).toMatch(/executions_total\{playbook="recording",result="interrupted"\} 1\n/);
    await eventually(() => {
      const { issues } = JSON.parse(readFileSync(join(here.home.folder, 'issues.json'), 'utf8')) as { issues: any[] };
      expect(issues.map((issue) => issue.execution_id).sort()).toEqual([a, b].sort());
      return true;
    });
    expect(await ends(here, second)).toEqual(['interrupted', 'succeeded']);
  });

  it('asks the safety checks again', async () => {
    const here = await stage('checking');
    const first = await here.start();
    const a = await here.post(first, '/data/a');
    await inState(first, a, 'checking');
    await first.stop('SIGKILL');

    const second = await here.start();
    await tookOver(second, a);
    here.release();
    expect(await ends(here, second)).toEqual(['succeeded']);
    expect(runsOf(here.home, a)).toBe(1);
  });

  it.each([
    ['the prediction is gone', (home: Home) => home.writePredictions([]), /nothing is known/],
    [
      'the prediction became too urgent',
      (home: Home) => home.writePredictions([{ ...DISK, resource: '/data/a', days_until_critical: 1 }]),
      /1 days?/,
    ],
    [
      'automation was switched off',
      (home: Home) =>
        home.writeMapping((mapping) => {
          mapping.global_settings.enable_auto_remediation = false;
          return mapping;
        }),
      /enable_auto_remediation/,
    ],
  ])('lets a claim expire when meanwhile %s', async (_what, change, message) => {
    const here = await stage('checking');
    const first = await here.start();
    const a = await here.post(first, '/data/a');
    await inState(first, a, 'checking');
    await first.stop('SIGKILL');
    change(here.home);

    const second = await here.start();
    await inState(second, a, 'expired');
    expect((await second.json(`/api/v1/executions/${a}`)).message).toMatch(message);
    expect(await ends(here, second)).toEqual(['expired']);
    expect(here.home.runs()).toEqual([]);
    here.release();
  });

  it('waits for the dry run that was left, makes another one, and runs once', async () => {
    const here = await stage('dry_run');
    const first = await here.start();
    const a = await here.post(first, '/data/a');
    await began(here.home, 'dry_run', a);
    await first.stop('SIGKILL');

    const second = await here.start();
    await tookOver(second, a);
    here.release();
    expect(await ends(here, second)).toEqual(['succeeded']);
    const phases = here.home.records().map((line) => line.split(' ')[0]);
    expect(phases).toEqual(['dry_run', 'dry_run-end', 'dry_run', 'dry_run-end', 'run', 'run-end']);
  });

  it.each(['claimed', 'checking', 'dry_run', 'running', 'succeeded'])(
    'never runs twice what was killed as soon as it was %s',
    async (state) => {
      const here = await stage('nowhere');
      const first = await here.start();
      const posted = here.post(first, '/data/a');
      await eventually(() => first.log().some((line) => line['state'] === state), { timeout: 20_000, interval: 1 });
      await Promise.all([first.stop('SIGKILL'), posted]);

      const second = await here.start();
      const [end] = await ends(here, second);
      expect(['succeeded', 'interrupted']).toContain(end);
      if (state === 'succeeded') expect(end).toBe('succeeded');
      expect(here.home.runs().length).toBeLessThanOrEqual(1);
    },
  );
});

describe('two services on one ledger', () => {
  it('the second takes over what a killed one left', async () => {
    const here = await stage('dry_run');
    const [first, second] = await Promise.all([here.start(), here.start()]);
    const a = await here.post(first, '/data/a');
    await began(here.home, 'dry_run', a);
    await first.stop('SIGKILL');
    await tookOver(second, a);
    here.release();
    expect(await ends(here, second)).toEqual(['succeeded']);
    expect(runsOf(here.home, a)).toBe(1);
  });

  it('a holder that slept while it was taken over changes nothing when it wakes up (fault 15)', async () => {
    const here = await stage('checking');
    const [first, second] = await Promise.all([here.start(), here.start()]);
    const a = await here.post(first, '/data/a');
    await inState(first, a, 'checking');
    await sleeps(here.home, first);
    await tookOver(second, a);
    here.release();
    await inState(second, a, 'succeeded');
    const before = await second.json(`/api/v1/executions/${a}`);
    first.signal('SIGCONT');
    await lost(first, a);
    expect(await second.json(`/api/v1/executions/${a}`)).toEqual(before);
    await first.stop();
    expect(await ends(here, second)).toEqual(['succeeded']);
    expect(runsOf(here.home, a)).toBe(1);
  });

  it('a holder that slept while its playbook ran does not make a success of what was recorded as interrupted', async () => {
    const here = await stage('run');
    const [first, second] = await Promise.all([here.start(), here.start()]);
    const a = await here.post(first, '/data/a');
    await began(here.home, 'run', a);
    await sleeps(here.home, first);
    await tookOver(second, a);
    here.release();
    await inState(second, a, 'interrupted');
    first.signal('SIGCONT');
    await lost(first, a);
    expect((await first.json(`/api/v1/executions/${a}`)).state).toBe('interrupted');
    await first.stop();
    expect(await ends(here, second)).toEqual(['interrupted']);
    expect(runsOf(here.home, a)).toBe(1);
  });
});

/** Stops the process between two writes: one that is stopped inside of one holds SQLite's lock, and nobody can write. */
function sleeps(home: Home, service: Service): Promise<unknown> {
  return eventually(() => {
    service.signal('SIGSTOP');
    if (!isBeingWritten(home.database)) return true;
    service.signal('SIGCONT');
    return false;
  });
}

function lost(service: Service, id: string | null): Promise<unknown> {
  const says = (line: Record<string, unknown>) =>
    line['execution_id'] === id && /another process has taken/.test(String(line['msg']));
  return eventually(() => service.log().some(says), { timeout: 20_000 });
}
