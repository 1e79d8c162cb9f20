import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { alertsOf } from '../support/rules.ts';
import { tempDir } from '../support/temp.ts';

vi.setConfig({ testTimeout: 240_000 });

const withPromtool = existsSync('/usr/bin/promtool') || process.env['CI'] === 'true';
/** Days from one cleanup to the next, in which the forecast falls from 30 to 8 days and so once into the window. */
const CYCLE = 22;
/** Samples a day: one each half hour, while forecasts are made each hour. */
const A_DAY = 48;

/**
 * What Prometheus recorded of an hourly forecast with the noise of a real one: about an eighth of a day either way, so that
 * near the window's edge of 14 days it goes in and out for hours. The same at every call.
 */
function recorded(days: number): string {
  let state = 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let forecast = 0;
  return Array.from({ length: days * A_DAY }, (_, at) => {
    // The sum of four uniform numbers is normal enough; its deviation is 0.15 days.
    if (at % 2 === 0) forecast = 30 - ((at / A_DAY) % CYCLE) + (random() + random() + random() + random() - 2) * 0.26;
    return forecast.toFixed(2);
  }).join(' ');
}

/** How often the window's alert began to fire over so many days, with the shipped rule but for its `keep_firing_for`. */
async function firings(days: number, keepFiringFor: string): Promise<number> {
  const shipped = alertsOf('alert-rules/predictions.rules.yml').find(
    ({ alert }) => alert === 'DiskExhaustionPredicted',
  );
  const rule = { ...shipped, annotations: {}, keep_firing_for: keepFiringFor };
  const folder = tempDir();
  writeFileSync(join(folder, 'r.yml'), stringify({ groups: [{ name: 'g', rules: [rule] }] }));
  const labels = '{prediction_type="disk_exhaustion",resource="/",source="forecast"}';
  const test = {
    rule_files: ['r.yml'],
    evaluation_interval: '30m',
    tests: [
      {
        interval: '30m',
        input_series: [
          { series: `prediction_days_until_critical${labels}`, values: recorded(days) },
          { series: `prediction_confidence${labels}`, values: `0.9x${days * A_DAY}` },
          { series: `prediction_stale${labels}`, values: `0x${days * A_DAY}` },
        ],
        promql_expr_test: [
          {
            expr: `sum(count_over_time((ALERTS{alertstate="firing"} unless ALERTS{alertstate="firing"} offset 30m)[${days}d:30m]))`,
            eval_time: `${days}d`,
            exp_samples: [],
          },
        ],
      },
    ],
  };
  writeFileSync(join(folder, 't.yml'), JSON.stringify(test));
  const said = await new Promise<string>((resolve) =>
    execFile('promtool', ['test', 'rules', 't.yml'], { cwd: folder }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    ),
  );
  const found = /got: \{\} (\S+)/.exec(said);
  if (found === null) throw new Error(said);
  return Number(found[1]);
}

it.runIf(withPromtool)(
  'over a year of hourly forecasts the alert of the window fires once for each time it is entered',
  async () => {
    const cycles = Math.floor(365 / CYCLE);
    const [year, flapping] = await Promise.all([firings(cycles * CYCLE, '6h'), firings(2 * CYCLE, '15m')]);
    expect(year).toBe(cycles);
    // What it would be without: a quarter of an hour does not reach from one forecast to the next.
    expect(flapping).toBeGreaterThan(2);
  },
);
