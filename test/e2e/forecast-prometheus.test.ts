import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunningProgram } from '../support/program.ts';
import { hasPrometheus, startPrometheus } from '../support/prometheus.ts';
import { type PastSeries, writeHistory } from '../support/prometheus-history.ts';
import { forestall, type Home, makeHome, type Service, startService, TOKEN } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ hookTimeout: 120_000, testTimeout: 60_000 });

const HOUR = 3600;

/** Hourly over the last fortnight. */
function* hourly(value: (hour: number) => number): Generator<readonly [number, number]> {
  const now = Math.floor(Date.now() / 1000);
  for (let hour = 0; hour <= 336; hour += 1) yield [now - (336 - hour) * HOUR, value(hour)];
}

function* past(): Generator<PastSeries> {
  const disk = (instance: string, mountpoint: string, value: (hour: number) => number): PastSeries => {
    return { name: 'disk_used_ratio', labels: { instance, mountpoint }, samples: hourly(value) };
  };
  yield disk('db:9100', '/data', (hour) => 0.9 - 0.0008 * (336 - hour) - 0.07);
  yield disk('web:9100', '/data', (hour) => 0.3 + 0.01 * Math.sin(hour / 4));
  yield disk('web:9100', '/holes', (hour) => (hour % 3 === 0 ? Number.NaN : 0.4));
  yield disk('web:9100', '/nothing', () => Number.NaN);
  yield { name: 'unnamed_ratio', labels: { instance: 'a' }, samples: hourly(() => 0.2) };
  yield { name: 'unnamed_ratio', labels: { instance: 'b', mountpoint: '/b' }, samples: hourly(() => 0.2) };
}

const resource = (more: object) => ({
  prediction_type: 'disk_exhaustion',
  source: 'prometheus',
  critical: 0.9,
  ...more,
});

describe.skipIf(!hasPrometheus)('forecasts over a real Prometheus', () => {
  let home: Home;
  let service: Service;
  let prometheus: RunningProgram;
  beforeAll(async () => {
    const folder = tempDir();
    await writeHistory(folder, past());
    const settings = { config: 'scrape_configs: []\n', folder, args: ['--query.lookback-delta=2h'] };
    prometheus = await startPrometheus(settings);
    home = makeHome({
      config: (config) => ({
        ...config,
        prometheus: { url: prometheus.url },
        forecast: {
          every: '1h',
          resources: [
            resource({ query: 'disk_used_ratio', resource_label: 'mountpoint' }),
            resource({
              name: 'few',
              prediction_type: 'few',
              query: 'disk_used_ratio',
              resource_label: 'mountpoint',
              max_series: 2,
            }),
            resource({
              name: 'twice',
              prediction_type: 'twice',
              query: 'disk_used_ratio',
              resource: 'disk',
              step: '1m',
            }),
            resource({
              name: 'unnamed',
              prediction_type: 'unnamed',
              query: 'unnamed_ratio',
              resource_label: 'mountpoint',
            }),
            resource({ name: 'unknown', query: 'no_such_metric', resource: 'x' }),
            resource({ name: 'wrong', query: 'sum(', resource: 'x' }),
          ],
        },
      }),
      mapping: (mapping) => ({
        ...mapping,
        mappings: [
          {
            ...mapping.mappings[0],
            resource_filter: '/data',
            conditions: { min_days_until_critical: 0, max_days_until_critical: 14, min_confidence: 0.5 },
          },
        ],
      }),
    });
    home.writePredictions([]);
    service = await startService(home);
    await eventually(
      async () => {
        const { sources } = await service.json('/api/v1/status');
        return sources.every(({ problem }: { problem: string | null }) => !/not been forecast/.test(problem ?? ''));
      },
      { timeout: 60_000 },
    );
  });

  const state = async (name: string) =>
    (await service.json('/api/v1/status')).sources.find(
      ({ source }: { source: string }) => source === `forecast:prometheus:${name}`,
    );

  test('each series is a prediction with its host, its chances and why', async () => {
    const { items } = await service.json('/api/v1/predictions');
    const ours = items.filter(({ source }: any) => source === 'forecast:prometheus:disk_exhaustion:mountpoint');
    expect(ours.map(({ resource, host }: any) => [resource, host]).sort()).toEqual([
      ['/data', 'db:9100'],
      ['/data', 'web:9100'],
      ['/holes', 'web:9100'],
    ]);
    const climbing = ours.find(({ host }: any) => host === 'db:9100');
    expect(climbing.days_until_critical).toBeLessThan(14);
    expect(climbing.forecast).toMatchObject({ critical: 0.9, reasons: expect.arrayContaining([expect.any(String)]) });
    expect(climbing.forecast.p_within_14d).toBe(climbing.confidence);
    const flat = ours.find(({ resource, host }: any) => resource === '/data' && host === 'web:9100');
    expect(flat.forecast.p_within_14d).toBeLessThan(climbing.forecast.p_within_14d);
  });

  test('they are exported, and what cannot be read is said by source', async () => {
    const text = await (await service.get('/metrics')).text();
    expect(text).toMatch(
      /prediction_days_until_critical\{prediction_type="disk_exhaustion",resource="\/data",source="forecast:prometheus:disk_exhaustion:mountpoint",host="db:9100"\} [\d.]+/,
    );
    expect(text).toMatch(/prediction_source_up\{source="forecast:prometheus:few"\} 1/);
    expect(text).toMatch(/prediction_source_up\{source="forecast:prometheus:unknown"\} 0/);
    expect(await state('few')).toMatchObject({ up: true, problem: expect.stringMatching(/more than 2 series/) });
    expect(await state('twice')).toMatchObject({
      up: true,
      problem: expect.stringMatching(/web:9100.*is disk on web:9100 like/),
    });
    expect(await state('unnamed')).toMatchObject({
      up: true,
      problem: expect.stringMatching(/unnamed_ratio\{instance="a"\}: has no label mountpoint/),
    });
    expect(await state('unknown')).toMatchObject({ up: false, problem: expect.stringMatching(/has no series/) });
    expect(await state('wrong')).toMatchObject({ up: false, problem: expect.stringMatching(/bad_data/) });
  });

  test('no forecast is no prediction, and stands on the page with its reason', async () => {
    const page = await (await service.get('/')).text();
    expect(page).toMatch(/<bdi>\/nothing on web:9100<\/bdi> \(disk exhaustion\): no sample is usable/);
    expect(page).toContain('/forecast?type=disk_exhaustion&amp;resource=%2Fdata&amp;host=db%3A9100');
    const chart = await (await service.get('/forecast?type=disk_exhaustion&resource=/data&host=db:9100')).text();
    expect(chart).toMatch(/<svg class="fan"[\s\S]*<polyline class="past" points="[\d., ]+"/);
    expect((await service.get('/forecast?type=disk_exhaustion&resource=/nothing&host=web:9100')).status).toBe(404);
  });

  test('on the command line it is the same', async () => {
    const { code, stdout } = await forestall(['forecast', '--json', '--config', home.config, '--log-level', 'silent']);
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    const { items } = await service.json('/api/v1/predictions');
    const known = (list: any[]) => list.map(({ source, resource, host }) => [source, resource, host].join(' ')).sort();
    expect(known(told.items)).toEqual(known(items));
    expect(told.no_forecast).toContainEqual(
      expect.objectContaining({ resource: '/nothing', reason: 'no sample is usable' }),
    );
    const first = told.sources.find(({ source }: any) => source === 'forecast:prometheus:disk_exhaustion:mountpoint');
    expect(first.dropped_samples).toBe(113 + 337);
    const table = await forestall([
      'forecast',
      '--resource',
      '/data',
      '--config',
      home.config,
      '--log-level',
      'silent',
    ]);
    expect(table.stdout).toMatch(/disk_exhaustion of \/data on db:9100 +[\d.]+ +\d+ %/);
    expect(table.stdout).not.toContain('exhaustion of /holes');
    expect(table.stdout).not.toContain('\u001b');
  });

  test('the rules made from the mapping fire on them', async () => {
    const rules = await forestall(['rules', '--config', home.config, '--output', '-']);
    const folder = tempDir();
    writeFileSync(
      join(folder, 'rules.yml'),
      rules.stdout.replaceAll('for: 5m', 'for: 0s').replaceAll('interval: 1m', 'interval: 1s'),
    );
    const scraping = await startPrometheus({
      folder,
      config: `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs: [{ job_name: forestall, authorization: { credentials: ${TOKEN} }, honor_labels: true, static_configs: [{ targets: ['127.0.0.1:${service.port}'] }] }]
`,
    });
    const firing = await eventually(
      async () => {
        const { data } = (await (await fetch(`${scraping.url}/api/v1/alerts`)).json()) as any;
        return data.alerts.find(({ state, labels }: any) => state === 'firing' && labels.host === 'db:9100');
      },
      { timeout: 30_000 },
    );
    expect(firing.labels).toMatchObject({
      prediction_type: 'disk_exhaustion',
      resource: '/data',
      playbook: 'recording',
    });
  });

  test('a restart knows them at once, and a Prometheus that went away is told of', async () => {
    await prometheus.stop();
    expect(await service.stop()).toBe(0);
    service = await startService(home);
    const { items } = await service.json('/api/v1/predictions');
    expect(items.length).toBeGreaterThan(3);
    const down = await eventually(
      async () => {
        const one = await state('disk_exhaustion:mountpoint');
        return one.up ? null : one;
      },
      { timeout: 20_000 },
    );
    expect(down.problem).toMatch(/could not be asked/);
    expect((await service.json('/api/v1/predictions')).items).toHaveLength(items.length);
    const { code } = await forestall(['forecast', '--config', home.config, '--log-level', 'silent']);
    expect(code).toBe(1);
  });
});
