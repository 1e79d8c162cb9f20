import { beforeAll, describe, expect, it } from 'vitest';
import { createAlertmanagerClient } from '../../src/prometheus/alertmanager.ts';
import { createPrometheusClient } from '../../src/prometheus/client.ts';
import { silenceCovering } from '../../src/prometheus/silence.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import type { RunningProgram } from '../support/program.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { eventually } from '../support/wait.ts';

describe('against a real Prometheus', () => {
  let prometheus: RunningProgram;
  beforeAll(async () => {
    prometheus = await startPrometheus({
      config: 'global: { scrape_interval: 1s }\nscrape_configs: [{ job_name: none, static_configs: [] }]\n',
    });
  });
  const client = () => createPrometheusClient({ url: prometheus.url, timeout: 5_000 });

  it('reads vectors, scalars and special numbers', async () => {
    expect(await client().query('label_replace(vector(8.25), "host", "a", "", "")')).toMatchObject([
      { labels: { host: 'a' }, value: 8.25 },
    ]);
    expect(await client().query('scalar(vector(3))')).toMatchObject([{ value: 3 }]);
    expect(await client().query('vector(0) / 0')).toMatchObject([{ value: Number.NaN }]);
    expect(await client().query('vector(-1) / 0')).toMatchObject([{ value: -Infinity }]);
    expect(await client().query('absent_series')).toEqual([]);
  });

  it('asks for long expressions too', async () => {
    expect(await client().queryScalar(Array.from({ length: 3_000 }, () => '1').join(' + '))).toBe(3_000);
  });

  it('says what is wrong with an expression', async () => {
    await expect(client().query('sum(')).rejects.toMatchObject({ status: 400, errorType: 'bad_data' });
    await expect(client().query('up[5m]')).rejects.toThrow(/is a matrix/);
    await expect(client().queryScalar('absent_series')).rejects.toThrow(/no samples: exactly one/);
    await expect(client().queryScalar('vector(0) / 0')).rejects.toThrow(/is NaN: a finite number/);
    const two = 'label_replace(vector(1), "a", "b", "", "") or vector(2)';
    await expect(client().queryScalar(two)).rejects.toThrow(/2 samples: exactly one/);
  });
});

describe('against a real Alertmanager', () => {
  let alertmanager: RunningProgram;
  beforeAll(async () => {
    alertmanager = await startAlertmanager({ config: 'route: { receiver: none }\nreceivers: [{ name: none }]\n' });
  });

  async function silence(matchers: readonly object[], startsIn = 0): Promise<string> {
    const response = await fetch(`${alertmanager.url}/api/v2/silences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        matchers,
        startsAt: new Date(Date.now() + startsIn).toISOString(),
        endsAt: new Date(Date.now() + startsIn + 3_600_000).toISOString(),
        createdBy: 'anna',
        comment: 'moving the disk',
      }),
    });
    expect(response.status).toBe(200);
    return ((await response.json()) as { silenceID: string }).silenceID;
  }

  it('knows which silences are active and what they cover', async () => {
    const client = createAlertmanagerClient({ url: alertmanager.url, timeout: 5_000 });
    expect(await client.silences()).toEqual([]);
    const id = await silence([
      { name: 'prediction_type', value: 'disk_.*', isRegex: true, isEqual: true },
      { name: 'resource', value: '/tmp', isRegex: false, isEqual: false },
    ]);
    await silence([{ name: 'resource', value: '/later', isRegex: false, isEqual: true }], 3_600_000);

    const silences = await eventually(async () => {
      const found = await client.silences();
      return found.length > 0 ? found : null;
    });
    expect(silences.map((found) => found.id)).toEqual([id]);
    const covering = (labels: Record<string, string>) => silenceCovering(silences, labels, Date.now());
    expect(covering({ prediction_type: 'disk_exhaustion', resource: '/' })).toMatch(`silence ${id} by anna until `);
    expect(covering({ prediction_type: 'disk_exhaustion', resource: '/tmp' })).toBeNull();
    expect(covering({ prediction_type: 'memory_exhaustion', resource: '/' })).toBeNull();
    expect(covering({ prediction_type: 'other', resource: '/later' })).toBeNull();
  });

  it('forgets a silence that was expired by hand', async () => {
    const client = createAlertmanagerClient({ url: alertmanager.url, timeout: 5_000 });
    const id = await silence([{ name: 'resource', value: '/srv', isRegex: false, isEqual: true }]);
    const has = async () => (await client.silences()).some((found) => found.id === id);
    await eventually(has);
    await fetch(`${alertmanager.url}/api/v2/silence/${id}`, { method: 'DELETE' });
    await eventually(async () => !(await has()));
  });
});
