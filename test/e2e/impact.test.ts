import { describe, expect, it } from 'vitest';
import { alertBody, ended, forestall, makeHome, startService } from '../support/service.ts';

/** An execution of a playbook that may be down for 30 s and whose dry run reports this. */
async function execute(result: object) {
  const home = makeHome({ env: { RESULT: JSON.stringify(result) } });
  home.writeConfig((document: any) => {
    document.playbooks.recording.max_downtime = '30s';
    return document;
  });
  const service = await startService(home);
  const answer = await service.post('/webhook', alertBody());
  const execution = await ended(service, ((await answer.json()) as any).decisions[0].execution_id);
  await service.stop();
  const { stdout } = await forestall(['history', execution.id, '--config', home.config]);
  return { execution, runs: home.runs(), history: stdout };
}

describe('max_downtime', { timeout: 60_000 }, () => {
  it.each([
    [{ changes: 1, downtime_seconds: 45 }, 'it would be down for 45 s, max_downtime is 30 s'],
    [{ changes: 1 }, 'the dry run does not say its downtime_seconds, and max_downtime is 30 s'],
  ])('ends an execution whose dry run reports %j', async (result, message) => {
    const { execution, runs } = await execute(result);
    expect(execution).toMatchObject({ state: 'rejected', message, run: null, dry_run: { exit_code: 0, result } });
    expect(runs).toEqual([]);
  });

  it('lets a shorter one run, and keeps what it said on the record', async () => {
    const { execution, runs, history } = await execute({ changes: 1, downtime_seconds: 30, affects: ['a.service'] });
    expect(execution).toMatchObject({ state: 'succeeded', dry_run: { result: { downtime_seconds: 30 } } });
    expect(runs).toHaveLength(1);
    expect(history).toMatch(/dry_run: exit code 0, .*; 30 s of downtime; affects a\.service\n/);
  });
});
