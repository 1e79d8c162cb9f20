import { expect, test, vi } from 'vitest';
import type { Heard, NotedForecast } from '../../src/accuracy/record.ts';
import { accuracyAnswer } from '../../src/http/schemas/accuracy.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { inputAbout, runOnce } from '../ledger/support.ts';
import { DAY, HOUR } from '../support/decision.ts';
import { noted } from '../support/scores.ts';
import { DISK, forestall, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { deliver } from '../support/verification.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 90_000 });

const NOW = Date.now();
const PATIENT = { timeout: 30_000, interval: 200 };

/** Puts a past into the store that no service has seen. */
async function past({ database }: Home, write: (ledger: Ledger) => Promise<unknown>): Promise<void> {
  const ledger = await openSqliteLedger({ path: database, now: () => NOW });
  await write(ledger);
  await ledger.close();
}

/** Samples every hour of the last twenty days; null: none was taken. */
function samples(path: string, value: (daysAgo: number) => number | null) {
  return Array.from({ length: 20 * 24 }, (_, i) => NOW - (20 * 24 - i) * HOUR).flatMap((at) => {
    const measured = value((NOW - at) / DAY);
    return measured === null ? [] : [{ series: `bytes:${path}`, at, value: measured }];
  });
}

const about = (resource: string, changes: Partial<NotedForecast> = {}) =>
  noted({ resource, host: null, observed_at: NOW - 16 * DAY, mapping: 'disks', ...changes });

const accuracy = (service: Service, query = '') => service.json(`/api/v1/accuracy${query}`);
const cli = async (home: Home, ...args: string[]) =>
  (await forestall(['accuracy', '--config', home.config, '--log-level', 'silent', ...args])).stdout;

test('forecasts are judged by what was measured: came true, did not, cut short, unknown', async () => {
  const paths = ['/fills', '/stays', '/cleaned', '/holes', '/ran', '/falls'];
  const home = makeHome({
    config: (config) => ({
      ...config,
      predictions: { files: [] },
      forecast: { resources: [{ prediction_type: 'disk_exhaustion', source: 'local', paths, critical: 0.9 }] },
    }),
  });
  await past(home, async (ledger) => {
    const flat = (days: number) => 0.7 - days * 0.0005;
    const measured = [
      samples('/fills', (days) => (days > 10 ? 0.8 : 0.95)),
      samples('/stays', flat),
      samples('/cleaned', (days) => (days > 7 ? 0.85 - days * 0.001 : 0.4)),
      samples('/holes', (days) => (days < 9 && days > 5 ? null : flat(days))),
      samples('/ran', (days) => (days > 8 ? 0.8 : 0.95)),
    ];
    for (const series of measured) {
      for (let from = 0; from < series.length; from += 48) await ledger.samples.add(series.slice(from, from + 48));
    }
    await ledger.scores.note(
      [...paths.map((path) => about(path)), about('/stays', { observed_at: NOW - 5 * DAY })],
      [],
    );
    await runOnce(ledger, inputAbout({ resource: '/ran', host: null as never, now: NOW - 9 * DAY }));
  });

  const service = await startService(home);
  const scores = await eventually(async () => {
    const answer = await accuracy(service);
    return answer.all.open === 1 ? answer : null;
  }, PATIENT);
  expect(scores.all).toMatchObject({ scored: 2, came_true: 1, cut_short: 2, unknown: 2, open: 1, precision: 0.5 });
  expect(accuracyAnswer.parse(scores)).toEqual(scores);
  expect(scores.next_closes_at).toBe(new Date(NOW + 9 * DAY).toISOString());
  const of = (path: string) => scores.resources.find(({ resource }: any) => resource === path);
  expect(of('/fills')).toMatchObject({ came_true: 1, brier_score: expect.closeTo(0.13 ** 2) });
  expect(of('/fills').absolute_error_days).toBeGreaterThan(2);
  expect(of('/fills').absolute_error_days).toBeLessThan(2.4);
  expect(of('/stays')).toMatchObject({ scored: 1, came_true: 0, open: 1, absolute_error_days: null });
  expect(of('/cleaned')).toMatchObject({ scored: 0, cut_short: 1 });
  expect(of('/ran')).toMatchObject({ scored: 0, cut_short: 1 });
  expect(of('/holes')).toMatchObject({ scored: 0, unknown: 1 });
  expect(of('/falls')).toMatchObject({ scored: 0, unknown: 1 });
  expect((await accuracy(service, '?resource=/fills')).all).toMatchObject({ scored: 1, precision: 1 });
  expect((await service.get('/api/v1/accuracy?since=never')).status).toBe(400);

  const { since: _since, until: _until, ...document } = JSON.parse(await cli(home, '--json'));
  expect(scores).toMatchObject(document);
  const text = await cli(home);
  expect(text).toMatch(/^type +resource +scored +came true +error +Brier +calibration +precision$/m);
  expect(text).toMatch(/^disk_exhaustion +\/fills +1 +100 % +2\.\d d +0\.017 +0\.130 +100 % of 1$/m);
  expect(text).toMatch(/^disk_exhaustion +all +2 +50 % +2\.\d d +0\.387 +0\.370 +50 % of 2$/m);
  expect(text).toMatch(/^forecast:local +disk_exhaustion +2 +50 % +too few to judge it$/m);
  expect(text).toMatch(/^80 % to 90 % +2 +87 % +50 %$/m);
  expect(text).toMatch(/^2 scored since .*; not counted: 2 cut short, 2 unknown$/m);
  expect(text).toMatch(/^1 forecast waits to be judged, the first from 20\S+Z on$/m);
  await eventually(async () => {
    const metrics = await (await service.get('/metrics')).text();
    return metrics.includes('prediction_scored_total{prediction_type="disk_exhaustion"} 2');
  }, PATIENT);
  await service.stop();
});

test('before anything is scored, it says so, and from when on something will be', async () => {
  const home = makeHome();
  expect(await cli(home)).toMatch(/^no forecast was scored since .*Z\nnone waits to be judged/);
  const service = await startService(home);
  await eventually(async () => (await accuracy(service)).all.open === 1, PATIENT);
  await service.stop();
  const day = new Date(NOW + 14 * DAY).toISOString().slice(0, 10);
  expect(await cli(home)).toMatch(/^no forecast was scored since .*\n1 forecast waits to be judged, the first from 20/);
  expect(await cli(home)).toContain(day);
  const refused = await forestall(['accuracy', '--config', home.config, '--since', '2 weeks']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--since 2 weeks is not a duration')]);
});

/** Forecasts of the predictions file, one a day that closed; `critical`: what it forecast came. */
async function fileForecasts(home: Home, count: number, resource: string, critical: boolean): Promise<void> {
  const source = `file:${home.predictions}`;
  const forecasts = Array.from({ length: count }, (_, i) =>
    about(`${resource}${i}`, { source, observed_at: NOW - 15 * DAY, raw_within_14d: null, critical: null }),
  );
  const daily = Array.from({ length: 15 }, (_, day): Heard => ({ of: 'source', source, at: NOW - (15 - day) * DAY }));
  const now = critical
    ? forecasts.map((target): Heard => ({ of: 'target', target, at: NOW - 10 * DAY, critical: true }))
    : [];
  await past(home, async (ledger) => {
    await ledger.scores.note(forecasts, []);
    for (const heard of daily) await ledger.scores.note([], [heard]);
    await ledger.scores.note([], now);
  });
}

test('a source that does not keep its word is not acted on, and is again when it does', async () => {
  const home = makeHome();
  await fileForecasts(home, 20, '/wrong', false);
  const service = await startService(home);
  await eventually(async () => (await accuracy(service)).all.scored === 20, PATIENT);
  expect(await deliver(service)).toMatchObject({
    verdict: 'rejected',
    reason: 'unproven',
    message: `0 of 20 forecasts of disk_exhaustion by file:${home.predictions} came true: 0 < 0.7`,
  });
  expect(home.runs()).toEqual([]);
  expect(await (await service.get('/')).text()).toContain('not before its forecasts come true more often');
  const [source] = (await accuracy(service)).sources;
  expect(source).toMatchObject({ precision: 0, proof: { scored: 20, came_true: 0 }, standing: 'unproven' });
  const { stdout } = await forestall(['accuracy', '--config', home.config, '--log-level', 'silent']);
  expect(stdout).toMatch(/^file:\S+ +disk_exhaustion +20 +0 % +unproven: it is not acted on$/m);

  // It is scored all the same.
  await fileForecasts(home, 60, '/right', true);
  await eventually(async () => (await accuracy(service)).all.scored === 80, PATIENT);
  expect(await deliver(service)).toMatchObject({ verdict: 'approved' });
  await eventually(() => home.runs().length === 1);
  await service.stop();
});

test('with less asked of it, or nothing, it is acted on', async () => {
  const home = makeHome({ config: (config) => ({ ...config, forecast: { min_precision: 0 } }) });
  await fileForecasts(home, 25, '/wrong', false);
  const { stdout } = await forestall(['run', '--json', '--config', home.config, '--log-level', 'silent']);
  const [decision] = JSON.parse(stdout).decisions;
  expect(decision).toMatchObject({ verdict: 'approved' });
  expect(decision.gates.find(({ gate }: any) => gate === 'unproven')).toMatchObject({
    outcome: 'pass',
    message: expect.stringMatching(/^0 of 25 /),
  });
});

test('of two services on one store each forecast is judged by one', async () => {
  const home = makeHome();
  await fileForecasts(home, 400, '/wrong', false);
  const services = await Promise.all([startService(home), startService(home)]);
  await eventually(async () => (await accuracy(services[0]!)).all.scored === 400, PATIENT);
  for (const service of services) {
    await eventually(async () => {
      const metrics = await (await service.get('/metrics')).text();
      return metrics.includes('prediction_scored_total{prediction_type="disk_exhaustion"} 400');
    }, PATIENT);
  }
  const judged = services.flatMap((service) =>
    service.log().filter(({ msg }) => String(msg).startsWith('a forecast is judged')),
  );
  expect(judged).toHaveLength(400);
  expect(new Set(judged.map(({ resource }) => resource)).size).toBe(400);
  for (const service of services) await service.stop();
});

test('a prediction by hand is judged by those that come after it', async () => {
  const home = makeHome({ config: (config) => ({ ...config, predictions: { files: [] } }) });
  const daily = (resource: string) =>
    Array.from({ length: 15 }, (_, day): Heard => {
      const target = { prediction_type: 'disk_exhaustion', resource, host: null };
      return { of: 'target', target, at: NOW - (15 - day) * DAY, critical: false };
    });
  await past(home, async (ledger) => {
    const posted = (resource: string) => about(resource, { source: 'api', observed_at: NOW - 15 * DAY });
    await ledger.scores.note(['/data', '/silent', '/gone'].map(posted), []);
    const silent = daily('/silent');
    for (const heard of [...daily('/data'), ...daily('/gone').slice(0, 14), silent[4]!, silent[14]!]) {
      await ledger.scores.note([], [heard]);
    }
  });
  const service = await startService(home);
  await service.post('/api/v1/predictions?mode=publish', { ...DISK, days_until_critical: 'never' });
  const scores = await eventually(async () => {
    const answer = await accuracy(service);
    return answer.all.scored === 1 ? answer : null;
  }, PATIENT);
  const of = (path: string) => scores.resources.find(({ resource }: any) => resource === path);
  expect(of('/data')).toMatchObject({ scored: 1, came_true: 0 });
  expect(of('/silent')).toMatchObject({ scored: 0, unknown: 1 });
  // Its last word is not old enough to give it up.
  expect(of('/gone')).toMatchObject({ scored: 0, open: 1 });
  await service.stop();
});
