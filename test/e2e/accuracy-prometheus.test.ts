import { describe, expect, test, vi } from 'vitest';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { DAY } from '../support/decision.ts';
import { hasPrometheus, startPrometheus } from '../support/prometheus.ts';
import { type PastSeries, writeHistory } from '../support/prometheus-history.ts';
import { noted } from '../support/scores.ts';
import { forestall, makeHome, startService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

const NOW = Date.now();
const HOUR = 3600;

/** Hourly over the last twenty days; the value by days ago. */
function* hourly(value: (daysAgo: number) => number): Generator<readonly [number, number]> {
  const now = Math.floor(NOW / 1000);
  for (let hour = 480; hour >= 0; hour -= 1) yield [now - hour * HOUR, value(hour / 24)];
}

function* past(): Generator<PastSeries> {
  const disk = (mountpoint: string, value: (daysAgo: number) => number): PastSeries => {
    return { name: 'disk_used_ratio', labels: { instance: 'db:9100', mountpoint }, samples: hourly(value) };
  };
  yield disk('/fills', (days) => (days > 8 ? 0.8 : 0.95));
  yield disk('/stays', (days) => 0.7 - days * 0.0005);
}

describe.skipIf(!hasPrometheus)('forecasts over a real Prometheus', () => {
  test('are judged by what it measured; while it cannot be asked they wait', async () => {
    const folder = tempDir();
    await writeHistory(folder, past());
    const settings = { config: 'scrape_configs: []\n', folder, args: ['--query.lookback-delta=2h'] };
    const prometheus = await startPrometheus(settings);
    const disks = (url: string) => (config: any) => ({
      ...config,
      predictions: { files: [] },
      prometheus: { url },
      forecast: {
        resources: [
          {
            name: 'disks',
            prediction_type: 'disk_exhaustion',
            source: 'prometheus',
            critical: 0.9,
            query: 'disk_used_ratio',
            resource_label: 'mountpoint',
          },
        ],
      },
    });
    const home = makeHome({ config: disks('http://127.0.0.1:9') });
    const ledger = await openSqliteLedger({ path: home.database, now: () => NOW });
    const about = (resource: string, source = 'forecast:prometheus:disks') =>
      noted({ resource, source, host: 'db:9100', observed_at: NOW - 16 * DAY });
    await ledger.scores.note([about('/fills'), about('/stays'), about('/no such series')], []);
    await ledger.scores.note([about('/fills', 'forecast:prometheus:gone')], []);
    await ledger.close();

    const args = ['--config', home.config, '--log-level', 'silent'];
    const scores = async () => JSON.parse((await forestall(['accuracy', '--json', ...args])).stdout);
    await forestall(['run', '--json', ...args]);
    expect((await scores()).all).toMatchObject({ scored: 0, unknown: 0, open: 4 });

    home.writeConfig(disks(prometheus.url));
    const service = await startService(home);
    const { all, resources } = await eventually(
      async () => {
        const answer = await service.json('/api/v1/accuracy');
        return answer.all.scored === 2 ? answer : null;
      },
      { timeout: 60_000, interval: 500 },
    );
    expect(all).toMatchObject({ came_true: 1, unknown: 1, precision: 0.5 });
    const [fills] = resources.filter(({ resource }: any) => resource === '/fills');
    expect(fills.absolute_error_days).toBeGreaterThan(0.1);
    expect(fills.absolute_error_days).toBeLessThan(0.3);
    // A source that is not configured any more waits for a week after its window.
    expect(fills.open).toBeGreaterThanOrEqual(1);
    await service.stop();
  });
});
