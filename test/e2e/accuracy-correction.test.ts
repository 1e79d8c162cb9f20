import { expect, test, vi } from 'vitest';
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { DAY } from '../support/decision.ts';
import { measureFor } from '../support/measured.ts';
import { noted } from '../support/scores.ts';
import { forestall, type Home, makeHome } from '../support/service.ts';

vi.setConfig({ testTimeout: 60_000 });

const NOW = Date.now();

/** What is forecast of `/` now. */
async function forecastOf(home: Home): Promise<any> {
  const args = ['forecast', '--json', '--resource', '/', '--config', home.config, '--log-level', 'silent'];
  const { stdout } = await forestall(args);
  return JSON.parse(stdout);
}

test('forecasts are corrected by how earlier ones of their type came true, and say so', async () => {
  const home = makeHome({
    config: (config) => ({
      ...config,
      predictions: { files: [] },
      forecast: { resources: [{ prediction_type: 'disk_exhaustion', source: 'local', paths: ['/'], critical: 0.9 }] },
    }),
  });
  await measureFor(20, home);
  const before = JSON.stringify(await forecastOf(home));
  expect(before).not.toContain('is corrected from');

  const ledger = await openSqliteLedger({ path: home.database, now: () => NOW });
  const wrong = Array.from({ length: 40 }, (_, i) => noted({ resource: `/${i}`, observed_at: NOW - 20 * DAY }));
  await ledger.scores.note(wrong, []);
  const due = await ledger.scores.due(NOW, null, 100);
  const verdicts = due.map(({ id }) => ({
    id,
    fate: 'did_not' as const,
    critical_at: null,
    message: 'was not critical',
  }));
  await ledger.scores.judge(verdicts, NOW);
  await ledger.close();

  expect(JSON.stringify(await forecastOf(home))).toMatch(
    /is corrected from \d+ % to \d+ %, by how 40 earlier forecasts/,
  );
  const { stdout } = await forestall(['accuracy', '--config', home.config, '--log-level', 'silent']);
  expect(stdout).toMatch(/^corrected by 40 forecasts: logit × 0\.\d\d − [12]\.\d\d$/m);
});
