import { describe, expect, it, vi } from 'vitest';
import { DISK, ended, type Home, type Service, startService } from '../support/service.ts';
import { deliver, discord, forecastAfter, run, verified, verifyingHome } from '../support/verification.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

const PATIENT = { timeout: 60_000, interval: 100 };
const WITH_LINKS = (document: any) => ({
  ...document,
  web: { ...document.web, external_url: 'https://forestall.example.org/x' },
});

/** How many targets are escalated now, as the metrics say. */
async function escalated(service: Service, reason: string): Promise<number> {
  const text = await (await service.get('/metrics')).text();
  const sample = new RegExp(`proactive_remediation_escalated\\{playbook="recording",reason="${reason}"\\} (\\d+)\\n`);
  return Number(sample.exec(text)?.[1]);
}

async function forecasts(home: Home, service: Service, days: number): Promise<void> {
  home.writePredictions([{ ...DISK, days_until_critical: days, observed_at: new Date().toISOString() }]);
  await eventually(
    async () => (await service.json('/api/v1/predictions')).items[0].days_until_critical === days,
    PATIENT,
  );
}

const decisionsOf = async (service: Service): Promise<any[]> => (await service.json('/api/v1/decisions')).items;

describe.concurrent('a person hears once, with everything that is needed,', () => {
  it('of what is too urgent, until the reason changes', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome({ verify: { after: '1s' } }, (document) => configure(WITH_LINKS(document)));
    const first = await startService(home);
    await forecasts(home, first, 1.5);
    expect(await escalated(first, 'too_urgent')).toBe(0);
    const decision = await deliver(first);
    expect(decision).toMatchObject({ verdict: 'escalated', reason: 'too_urgent' });
    expect((await deliver(first)).id).toBe(decision.id);
    expect(await escalated(first, 'too_urgent')).toBe(1);
    await eventually(() => told().length === 1, PATIENT);
    expect(told()[0]).toMatchObject({
      title: 'A person has to act: disk_exhaustion of /data',
      description: 'critical in 1.5 days < 3: people must act now',
      url: `https://forestall.example.org/x/decisions/${decision.id}`,
      named: {
        Reason: 'too_urgent',
        Forecast: 'disk_exhaustion of /data: critical in 1.5 days (confidence 85 %)',
        Since: expect.stringMatching(/^20\S+Z, by a forecast of 20\S+Z$/),
        Tried: 'nothing was run for it before',
        'Look at': 'forestall history --playbook recording\ndocs/runbook.md#forestalltoourgent',
      },
    });
    expect((await first.get(`/decisions/${decision.id}`)).status).toBe(200);

    // A restart, and what a person cleaned up by hand: nothing new to tell, and nothing stands any more.
    expect(await first.stop()).toBe(0);
    const service = await startService(home);
    expect(await escalated(service, 'too_urgent')).toBe(1);
    expect((await deliver(service)).id).toBe(decision.id);
    await forecasts(home, service, 8.2);
    expect(await escalated(service, 'too_urgent')).toBe(0);

    const execution = await run(service);
    forecastAfter(home, execution, 12.2);
    await verified(service, execution);
    await forecasts(home, service, 1);
    expect((await deliver(service)).id).not.toBe(decision.id);
    expect(await escalated(service, 'too_urgent')).toBe(1);
    const about = () => told().filter(({ title }) => title.startsWith('A person has to act'));
    await eventually(() => about().length === 2, PATIENT);
    expect(about()[1]!.named['Tried']).toMatch(/^20\S+Z: recording effective, bought 4\.0 days$/);
    expect((await decisionsOf(service)).map(({ reason }) => reason)).toEqual(['too_urgent', 'approved', 'too_urgent']);
    await service.stop();
  });

  it('of a circuit that opened, with what failed and where to read it', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome({}, (document: any) => {
      const { recording } = document.playbooks;
      return configure({
        ...document,
        playbooks: { recording: { ...recording, env: { ...recording.env, EXIT_RUN: '3' } } },
        execution: { circuit_breaker: { failures: 2, reset_after: '1h' } },
      });
    });
    const service = await startService(home);
    const failed: string[] = [];
    for (let at = 0; at < 2; at += 1) {
      const { execution_id } = await deliver(service);
      expect(await ended(service, execution_id)).toMatchObject({ state: 'failed' });
      failed.push(execution_id);
    }
    expect(await escalated(service, 'circuit_open')).toBe(0);
    for (let at = 0; at < 3; at += 1) expect(await deliver(service)).toMatchObject({ reason: 'circuit_open' });
    await eventually(() => told().length === 3, PATIENT);
    const [message, ...others] = told().filter(({ title }) => title.startsWith('A person has to act'));
    expect(others).toEqual([]);
    expect(message!.named).toMatchObject({
      Reason: 'circuit_open',
      Tried: expect.stringMatching(
        /^20\S+Z: recording failed: exit code 3.*\n20\S+Z: recording failed: exit code 3.*$/,
      ),
      'Tried again': expect.stringMatching(/^not before 20\S+Z$/),
      'Look at': `forestall history ${failed[1]} --output run\ndocs/runbook.md#forestallcircuitopen`,
    });
    expect(await escalated(service, 'circuit_open')).toBe(1);
    await service.stop();
  });

  it('that nobody confirms, when half of the time is over, from one of two services', async () => {
    const { configure, told } = await discord();
    const execution = { approval_timeout: '14s' };
    const home = verifyingHome({ require_confirmation: true }, (document) =>
      configure({ ...WITH_LINKS(document), execution }),
    );
    const services = await Promise.all([startService(home), startService(home)]);
    const [service] = services;
    const { execution_id: id } = await deliver(service!);
    await eventually(() => told().length === 1, PATIENT);
    expect(told()[0]!.title).toBe('recording waits for confirmation: /data');
    expect(await escalated(service!, 'unconfirmed')).toBe(0);
    await eventually(() => told().length === 2, PATIENT);
    expect(await escalated(service!, 'unconfirmed')).toBe(1);
    expect(await escalated(services[1]!, 'unconfirmed')).toBe(1);
    expect(told()[1]).toMatchObject({
      title: 'Nobody has confirmed recording yet: /data',
      url: `https://forestall.example.org/x/executions/${id}`,
      named: {
        Answer: `forestall approve ${id}, or forestall reject ${id}`,
        'Look at': `forestall history ${id} --output dry_run\ndocs/runbook.md#forestallapprovalawaited`,
      },
    });
    expect(await ended(service!, id, 60_000)).toMatchObject({ state: 'expired' });
    await eventually(() => told().length === 3, PATIENT);
    expect(told()[2]!.title).toBe('recording expired: /data');
    expect(await escalated(service!, 'unconfirmed')).toBe(0);
    for (const one of services) await one.stop();
    expect(told()).toHaveLength(3);
  });

  it('of a run that did not help, and at the third that none did', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome({ verify: { after: '1s' } }, (document) =>
      configure({ ...document, execution: { circuit_breaker: { failures: 9, reset_after: '1h' } } }),
    );
    const service = await startService(home);
    for (const days of [7.9, 7.8, 7.7]) {
      const execution = await run(service);
      forecastAfter(home, execution, days);
      expect(await verified(service, execution)).toMatchObject({ outcome: 'ineffective' });
      await forecasts(home, service, 8.2);
    }
    await eventually(() => told().length === 6, PATIENT);
    const [one, two, ...more] = told().filter(({ title }) => title === 'recording did not help: /data');
    expect(more).toEqual([]);
    expect(one!.named['Tried']).toMatch(/^20\S+Z: recording ineffective, lost 0\.3 days(?:\n|$)/);
    expect(two!.named['Tried']).toMatch(/lost 0\.3 days\n20\S+Z: recording ineffective, lost 0\.4 days/);
    expect(two!.named['Look at']).toMatch(/--output run\ndocs\/runbook\.md#forestallremediationineffective$/);
    const [third, ...others] = told().filter(({ title }) => title.startsWith('A person has to act'));
    expect(others).toEqual([]);
    expect(third!.title).toBe('A person has to act: disk_exhaustion of /data is not solved by recording');
    expect(third!.named['Runs']).toMatch(/lost 0\.3 days\n.*lost 0\.4 days\n.*lost 0\.5 days$/);
    expect(await escalated(service, 'masked')).toBe(1);
    await service.stop();
  });
});
