import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { hasPrometheus, startPrometheus } from '../support/prometheus.ts';
import { type PastSeries, writeHistory } from '../support/prometheus-history.ts';
import { forestall, type Home, makeHome } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

vi.setConfig({ hookTimeout: 120_000, testTimeout: 120_000 });

const HOUR = 3600;
const DAYS = 76;

/** Hourly over the last 76 days; hours count from the first. */
function* hourly(value: (hour: number) => number, days = DAYS): Generator<readonly [number, number]> {
  const now = Math.floor(Date.now() / 1000);
  for (let hour = (DAYS - days) * 24; hour <= DAYS * 24; hour += 1) {
    yield [now - (DAYS * 24 - hour) * HOUR, Math.round(value(hour) * 1e6) / 1e6];
  }
}

/** Full every so many days, then somebody makes room. */
const filling = (days: number) => (hour: number) => Math.min(0.93, 0.4 + (0.55 * (hour % (days * 24))) / (days * 24));
/** Cleaned each week, long before it is full: a line takes each rise for the last one. */
const sawtooth = (hour: number) => 0.55 + (0.3 * (hour % 168)) / 168;

function* past(): Generator<PastSeries> {
  const disk = (mountpoint: string, value: (hour: number) => number): PastSeries => {
    return { name: 'disk_used_ratio', labels: { instance: 'nas:9100', mountpoint }, samples: hourly(value) };
  };
  yield disk('/fills', filling(30));
  yield disk('/fills-too', filling(45));
  yield disk('/weekly', sawtooth);
  yield disk('/flat', (hour) => 0.3 + 0.01 * Math.sin(hour / 4));
  yield { name: 'young_ratio', labels: { instance: 'a' }, samples: hourly(() => 0.2, 10) };
}

const entry = (more: object) => ({ prediction_type: 'disk_exhaustion', source: 'prometheus', critical: 0.9, ...more });

describe.skipIf(!hasPrometheus)('backtest over a real Prometheus', () => {
  let url: string;
  beforeAll(async () => {
    const folder = tempDir();
    await writeHistory(folder, past());
    const args = ['--query.lookback-delta=2h', '--storage.tsdb.retention.time=1y'];
    ({ url } = await startPrometheus({ config: 'scrape_configs: []\n', folder, args }));
  });

  const homeWith = (resources: readonly object[], prometheus = url): Home =>
    makeHome({ config: (config) => ({ ...config, prometheus: { url: prometheus }, forecast: { resources } }) });
  const run = (home: Home, ...args: string[]) =>
    forestall(['backtest', ...args, '--config', home.config, '--log-level', 'silent']);
  const disks = entry({ name: 'disks', query: 'disk_used_ratio', resource_label: 'mountpoint' });
  const young = entry({ name: 'young', prediction_type: 'young', query: 'young_ratio', resource: 'x' });

  test('the table of this site, beside a line, with what was not judged', async () => {
    const home = homeWith([disks, young, entry({ name: 'wrong', query: 'sum(', resource: 'x' })]);
    const { code, stdout } = await run(home, '--every', '2d');
    expect(stdout).toMatch(/Forecasts every 2d over 46 days, each judged by the 14 days after it/);
    expect(stdout).toMatch(/^forecast:prometheus:disks +\d+ +\d+ /m);
    expect(stdout).toMatch(/^ {2}a line over 7 days +[\d.]/m);
    expect(stdout).toMatch(
      /forecast:prometheus:young +the samples reach back (?:9\.9|10\.\d) days of the 74 asked for/,
    );
    expect(stdout).toMatch(/forecast:prometheus:wrong +.*bad_data/);
    expect(stdout).toMatch(/forecast:prometheus:disks +\d+ forecasts would have been of what was critical already/);
    expect(stdout).toMatch(/Beside the line over 7 days: Brier score \d\.\d\d times its/);
    expect(code).toBe(0);
  });

  test('as JSON: each forecast is counted once, what fills is foreseen, a weekly cleanup is no alarm', async () => {
    const { code, stdout } = await run(homeWith([disks]), '--json', '--every', '2d');
    const told = JSON.parse(stdout);
    expect(code).toBe(0);
    const [group] = told.groups;
    expect(group).toMatchObject({ source: 'forecast:prometheus:disks', series: 4, forecast_series: 4, error: null });
    const counted = group.ours.cases + group.no_forecast + group.already_critical + group.unknown;
    expect(counted).toBe(4 * 24);
    expect(group.ours.crossings).toBeGreaterThan(8);
    expect(group.line.cases).toBe(group.ours.cases);
    expect(told.total).toMatchObject({ ours: group.ours, line: group.line });
    expect(group.ours.brier).toBeLessThan(0.15);
    expect(group.ours.misses).toBeLessThan(0.5);

    const only = JSON.parse((await run(homeWith([disks]), '--json', '--every', '4d', '--resource', '/weekly')).stdout);
    expect(only.groups[0]).toMatchObject({ series: 1, ours: { crossings: 0, misses: null } });
    expect(only.groups[0].line.falseAlarms).toBeGreaterThan(0);
    expect(only.groups[0].ours.falseAlarms).toBeLessThan(only.groups[0].line.falseAlarms);
  });

  test('of many series as many as are wanted, spread over all', async () => {
    const { stdout } = await run(homeWith([disks]), '--every', '15d', '--max-series', '2');
    expect(stdout).toMatch(/2 of 4 series were taken, spread over all/);
  });

  test('exit 1 when nothing can be judged, saying why and what to do', async () => {
    const short = await run(homeWith([young]));
    expect(short.code).toBe(1);
    expect(short.stderr).toMatch(
      /nothing could be judged: the samples reach back (?:9\.9|10\.\d) days.*retention.*in [56] days/,
    );
    const gone = await run(homeWith([disks], 'http://127.0.0.1:1'));
    expect(gone.code).toBe(1);
    expect(gone.stdout).toMatch(/could not be asked/);
    expect(gone.stderr).toMatch(/no source could be read/);
  });

  test('what is asked wrongly is refused before anything is asked', async () => {
    const home = homeWith([disks], 'http://127.0.0.1:1');
    expect(await run(home, '--since', '10d')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/15d to 1y|15d/),
    });
    expect(await run(home, '--every', 'often')).toMatchObject({ code: 2 });
    expect(await run(home, '--max-series', '0')).toMatchObject({ code: 2 });
    expect(await run(home, '--type', 'x')).toMatchObject({ code: 1, stderr: expect.stringMatching(/disk_exhaustion/) });
    expect(await run(makeHome())).toMatchObject({ code: 1, stderr: expect.stringMatching(/forecast\.resources/) });
  });
});

test("over this machine's own samples, as far as they reach back", async () => {
  const home = makeHome({
    config: (config) => ({
      ...config,
      forecast: { resources: [{ prediction_type: 'disk', source: 'local', paths: ['/', '/other'], critical: 0.9 }] },
    }),
  });
  // Makes the store.
  expect((await forestall(['status', '--config', home.config])).code).toBe(0);
  const db = new DatabaseSync(home.database);
  const insert = db.prepare('INSERT INTO samples (series, at, value) VALUES (?, ?, ?)');
  db.exec('BEGIN');
  for (const [time, value] of hourly(filling(30), 50)) insert.run('bytes:/', time * 1000, value);
  db.exec('COMMIT');
  db.close();
  const { code, stdout } = await forestall(['backtest', '--json', '--every', '2d', '--config', home.config]);
  const [group] = JSON.parse(stdout).groups;
  expect(code).toBe(0);
  expect(group).toMatchObject({ source: 'forecast:local', prediction_type: 'disk', series: 2 });
  expect(group.ours.cases).toBeGreaterThan(5);
  // Of the path without samples, none.
  expect(group.no_forecast).toBeGreaterThanOrEqual(24);
});
