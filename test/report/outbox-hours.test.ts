import { expect, test } from 'vitest';
import { createDiscord } from '../../src/report/discord.ts';
import { createOutbox } from '../../src/report/outbox.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { claim, inputAbout, step } from '../ledger/support.ts';
import { DAY, HOUR, MINUTE, NOW } from '../support/decision.ts';
import { bodyOf, listen } from '../support/http.ts';
import { recordingLog } from './recording-log.ts';

const REPORTS = 100;

/** A real ledger, the outbox over it, and a Discord that can be down, on a clock that the test sets. */
async function world() {
  const clock = { now: NOW };
  const discord = { up: false, requests: 0, told: [] as string[] };
  const receiver = await listen(async (request, response) => {
    const text = await bodyOf(request);
    discord.requests += 1;
    if (discord.up) discord.told.push(/exec_\w+/.exec(text)?.[0] ?? text);
    response.writeHead(discord.up ? 204 : 503).end();
  });
  const ledger = await sqliteStore().open({ now: () => clock.now });
  const { log, lines } = recordingLog();
  const results: string[] = [];
  const channel = createDiscord({
    webhookUrl: { reveal: () => `${receiver.url}/api/webhooks/1/x` },
    now: () => clock.now,
    logger: log,
    externalUrl: null,
    timeout: 60_000,
  });
  const outbox = createOutbox({
    take: ledger.takeReports,
    done: ledger.reportDone,
    failed: ledger.reportFailed,
    drop: ledger.dropReports,
    channels: { discord: (subject) => channel.send(subject), context_log: async () => ({ kind: 'delivered' }) },
    now: () => clock.now,
    logger: log,
    onDelivery: (_channel, result) => results.push(result),
  });
  const made: string[] = [];
  return {
    clock,
    discord,
    ledger,
    outbox,
    made,
    lines,
    counted: (result: string) => results.filter((one) => one === result).length,
    /** An execution that ended now, with a report to Discord. */
    async end() {
      const hold = await claim(ledger, inputAbout({ resource: `/${made.length}`, now: clock.now }));
      await ledger.advance(hold, step('rejected', clock.now, { reports: ['discord'] }));
      made.push(hold.execution_id);
    },
    /** Shorter than any wait: one attempt, or all that can be delivered. */
    flush: () => outbox.flush(900),
  };
}

const pending = async ({ ledger, clock }: Awaited<ReturnType<typeof world>>) =>
  (await ledger.summary(clock.now)).reports_pending;

test('a hundred reports in eight hours without Discord: afterwards each is told once, in their order (fault 58)', async () => {
  const scene = await world();
  const { clock, discord, made, lines } = scene;
  for (let report = 0; report < REPORTS; report += 1) {
    await scene.end();
    await scene.flush();
    clock.now += 5 * MINUTE;
  }
  expect(discord.told).toEqual([]);
  // Each ten minutes at most, whatever waits behind the first.
  expect(discord.requests).toBeLessThan(70);
  expect(await pending(scene)).toEqual([{ channel: 'discord', count: REPORTS }]);
  discord.up = true;
  clock.now += 10 * MINUTE;
  await scene.outbox.flush(60_000);
  expect(discord.told).toEqual(made);
  expect([scene.counted('delivered'), scene.counted('dropped')]).toEqual([REPORTS, 0]);
  expect(await pending(scene)).toEqual([]);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  await scene.outbox.close();
});

test('a hundred in eight days: what is older than seven is dropped, counted and on record, the rest is told (fault 58)', async () => {
  const scene = await world();
  const { clock, discord, ledger, made, lines } = scene;
  for (let report = 0; report < REPORTS; report += 1) {
    await scene.end();
    clock.now += 2 * HOUR;
    if (report % 10 === 0) await scene.flush();
  }
  const lost = Math.ceil((clock.now + HOUR - NOW - 7 * DAY) / (2 * HOUR));
  discord.up = true;
  clock.now += HOUR;
  await scene.outbox.flush(60_000);
  expect(lost).toBeGreaterThan(10);
  expect(discord.told).toEqual(made.slice(lost));
  expect([scene.counted('delivered'), scene.counted('dropped')]).toEqual([REPORTS - lost, lost]);
  expect(lines.filter(({ message }) => message.startsWith('report dropped'))).toHaveLength(lost);
  expect(await ledger.reportsOf(made[0]!)).toMatchObject([{ channel: 'discord', result: 'dropped' }]);
  expect((await ledger.execution(made[0]!))!.state).toBe('rejected');
  expect(await pending(scene)).toEqual([]);
  await scene.outbox.close();
});
