import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { alertBody, DISK, ended, type HomeOptions, makeHome, type Service } from '../support/service.ts';
import { deliver } from '../support/verification.ts';
import { eventually } from '../support/wait.ts';
import { expectSoundHistory } from './traffic.ts';
import { type WatchedHome, watched } from './watched.ts';

vi.setConfig({ testTimeout: 90_000 });

const HOUR = 3_600_000;
const PATIENT = { timeout: 30_000, interval: 100 };

/** A home whose playbook may run again `cooldown` milliseconds after a run, whose outcome is known by then. */
function home(cooldown: number, more: HomeOptions = {}): Promise<WatchedHome> {
  return watched(
    makeHome({
      ...more,
      mapping(mapping) {
        const [only] = mapping.mappings;
        const action = { max_executions_per_week: 50, cooldown_hours: cooldown / HOUR, verify: { after: '1s' } };
        only.action = { ...only.action, ...action };
        mapping.global_settings.max_daily_executions = 50;
        return more.mapping?.(mapping) ?? mapping;
      },
    }),
  );
}

const executions = async (service: Service): Promise<any[]> => (await service.json('/api/v1/executions')).items;
const decisions = async (service: Service): Promise<any[]> => (await service.json('/api/v1/decisions')).items;

/** The alert runs its playbook, comes again, and waits for the cooldown; when that ends. */
async function deferred(service: Service): Promise<number> {
  const first = await deliver(service);
  expect(first).toMatchObject({ verdict: 'approved' });
  await ended(service, first.execution_id);
  return await eventually(async () => {
    const decision = await deliver(service);
    expect(decision).toMatchObject({ verdict: 'deferred' });
    return decision.reason === 'cooldown' ? Date.parse(decision.next_attempt_at) : null;
  }, PATIENT);
}

/** How long after `opens` the second execution was claimed, milliseconds; no alert came. */
async function secondAfter(service: Service, opens: number): Promise<number> {
  const second = await eventually(
    async () => (await executions(service))[1] && (await executions(service))[0],
    PATIENT,
  );
  return Date.parse(second.claimed_at) - opens;
}

describe.concurrent('what was deferred is decided on again when its gate opens', () => {
  it('after a cooldown, with the service restarted in between: one run within two seconds, and no webhook', async () => {
    const here = await home(15_000);
    const first = await here.start();
    const opens = await deferred(first);
    const sample = `next_attempt_timestamp_seconds{playbook="recording"} ${opens / 1000}\n`;
    await eventually(async () => (await (await first.get('/metrics')).text()).includes(sample), PATIENT);
    await first.stop();
    const service = await here.start();
    const late = await secondAfter(service, Math.max(opens, Date.now()));
    process.stdout.write(`decided on again ${late} ms after its gate opened\n`);
    expect(Date.parse((await executions(service))[0].claimed_at)).toBeGreaterThanOrEqual(opens);
    expect(late).toBeLessThan(4_000);
    await eventually(() => here.runs().length === 2, PATIENT);
    const [decision] = (await decisions(service)).filter(({ verdict }) => verdict === 'approved');
    expect(decision).toMatchObject({ trigger: 'webhook', alertname: 'DiskExhaustionPredicted' });
    expect(decision.fingerprint).toBe('c0ffee0000000001');
    await service.stop();
    expectSoundHistory(here, [], { cooldown: 15_000, mostRuns: 2 });
  });

  it('two services on one store: one of them', async () => {
    const here = await home(4_000);
    const services = await Promise.all([here.start(), here.start()]);
    const opens = await deferred(services[0]!);
    expect(await secondAfter(services[0]!, opens)).toBeLessThan(4_000);
    const [second] = await executions(services[0]!);
    await ended(services[0]!, second.id);
    const approved = (await decisions(services[1]!)).filter(({ verdict }) => verdict === 'approved');
    expect(approved).toHaveLength(2);
    expect(here.runs()).toHaveLength(2);
    await Promise.all(services.map((service) => service.stop()));
    expectSoundHistory(here, [], { cooldown: 4_000, mostRuns: 2 });
  });

  it('not when the alert was resolved; the end of another alert about the same target does not count (fault 22)', async () => {
    const over = await home(4_000);
    const goesOn = await home(4_000);
    const [resolved, other] = await Promise.all([over.start(), goesOn.start()]);
    const opens = await Promise.all([deferred(resolved), deferred(other)]);
    await resolved.post('/webhook', alertBody({}, { status: 'resolved' }));
    await other.post('/webhook', alertBody({ alertname: 'DiskExhaustionUrgent' }, { status: 'resolved' }));
    await secondAfter(other, opens[1]);
    // The one that goes on was decided on again later than the other would have been.
    await eventually(() => Date.now() > opens[0] + 3_000, PATIENT);
    expect(await executions(resolved)).toHaveLength(1);
    await Promise.all([resolved.stop(), other.stop()]);
    expectSoundHistory(over, [], { cooldown: 4_000, mostRuns: 1 });
    expectSoundHistory(goesOn, [], { cooldown: 4_000, mostRuns: 2 });
  });

  it('not when nothing is known about its target any more; a prediction by hand is not decided on twice', async () => {
    const gone = await home(4_000);
    const byHand = await home(4_000);
    const [service, posted] = await Promise.all([gone.start(), byHand.start()]);
    const opens = await deferred(service);
    gone.writePredictions([]);
    const { decisions: first } = (await (await posted.post('/api/v1/predictions', DISK)).json()) as any;
    await ended(posted, first[0].execution_id);
    const { decisions: second } = (await (await posted.post('/api/v1/predictions', DISK)).json()) as any;
    expect(second[0]).toMatchObject({ verdict: 'deferred' });
    await eventually(() => Date.now() > opens + 6_000, PATIENT);
    expect(await executions(service)).toHaveLength(1);
    expect(await executions(posted)).toHaveLength(1);
    await Promise.all([service.stop(), posted.stop()]);
    for (const home of [gone, byHand]) expectSoundHistory(home, [], { cooldown: 4_000, mostRuns: 1 });
  });

  it('what a safety check stopped is tried again after retry_after, and runs once the check passes', async () => {
    const flag = (folder: string) => join(folder, 'busy');
    const here = await home(0, {
      config: (config) => ({
        ...config,
        execution: { retry_after: '3s' },
        facts: { busy: { command: ['test', '-e', 'FLAG'] } },
      }),
      mapping(mapping) {
        mapping.mappings[0].safety_checks = ['no_busy'];
        return mapping;
      },
    });
    here.writeConfig((config) => ({ ...config, facts: { busy: { command: ['test', '-e', flag(here.folder)] } } }));
    writeFileSync(flag(here.folder), '');
    const service = await here.start();
    const decision = await deliver(service);
    expect(await ended(service, decision.execution_id)).toMatchObject({ state: 'rejected' });
    const again = await eventually(async () => (await executions(service)).length === 2, PATIENT);
    expect(again).toBe(true);
    expect(here.runs()).toHaveLength(0);
    rmSync(flag(here.folder));
    await eventually(() => here.runs().length === 1, PATIENT);
    expect(existsSync(flag(here.folder))).toBe(false);
    const count = (await executions(service)).length;
    // It ran: the same alert does not run it again, though it fires on and nothing but its outcome held it.
    await eventually(async () => (await executions(service))[0].outcome !== null, PATIENT);
    expect(await executions(service)).toHaveLength(count);
    await service.stop();
    expectSoundHistory(here, [], { cooldown: 0, mostRuns: 1 });
  });
});
