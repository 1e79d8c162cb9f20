import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { alertBody, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { type Answered, createSender, expectSoundHistory, settled } from './traffic.ts';

vi.setConfig({ testTimeout: 120_000 });

const HELD_FOR = 10_000;

test('while another program holds the ledger locked for ten seconds deliveries are 503, in time; then they are taken (fault 33)', async () => {
  const home = makeHome();
  const service = await startService(home);
  const sender = createSender(service, 1);
  const deliver = () => sender.deliver(alertBody());
  const other = new DatabaseSync(home.database, { timeout: 20_000 });
  other.exec('BEGIN EXCLUSIVE');
  let held = true;
  const release = delay(HELD_FOR).then(() => {
    held = false;
    other.exec('ROLLBACK');
    other.close();
  });

  const refused: Answered[] = [];
  let slowest = 0;
  while (held) {
    const delivering = deliver();
    // What this machine takes for the simplest request is not the service's.
    const since = performance.now();
    expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - since);
    refused.push(await delivering);
    // What is only read is not locked.
    if (held) expect((await service.get('/metrics')).status).toBe(200);
  }
  await release;
  // The last one may have come as the lock went.
  const during = refused.slice(0, -1);
  expect(during.length).toBeGreaterThan(0);
  for (const { status, milliseconds } of during) {
    expect(status).toBe(503);
    expect(milliseconds).toBeLessThan(5_000 + slowest);
  }

  const again = await eventually(async () => {
    const answer = await deliver();
    return answer.status === 200 ? answer : null;
  });
  const { executions } = await settled(home);
  expect(executions.map(({ state }) => state)).toEqual(['succeeded']);
  expect(home.runs()).toHaveLength(1);
  expectSoundHistory(home, [...refused, again], { mostRuns: 1 });
  sender.close();
  expect(await service.stop()).toBe(0);
});
