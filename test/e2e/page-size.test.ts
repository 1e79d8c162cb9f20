import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { visit } from '../support/browser.ts';
import { alertBody, DISK, ended, makeHome, type Service, startService, TOKEN } from '../support/service.ts';

const DAY = 86_400_000;

/** Notes every shift of the layout that no user caused: what moved, from where to where. */
const SHIFTS = `window.shifts = []; new PerformanceObserver((list) => {
  const box = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    for (const { node, previousRect, currentRect } of entry.sources) {
      // Less than a pixel, as where a text is set anew: nobody sees that.
      if (box(previousRect) === box(currentRect)) continue;
      window.shifts.push((node?.outerHTML ?? node?.textContent ?? '?').slice(0, 80) + ': ' + box(previousRect) + ' to ' + box(currentRect));
    }
  }
}).observe({ type: 'layout-shift', buffered: true })`;

let service: Service | undefined;
afterEach(() => service?.stop());

/** Milliseconds until the first byte of a page, in the middle of many. */
async function firstByte({ url }: Service, path: string, rounds = 21): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${TOKEN}` } });
    times.push(performance.now() - from);
    expect(answer.status).toBe(200);
    await answer.text();
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

const SCREENS = { wide: { width: 1440, height: 1000 }, phone: { width: 390, height: 844 } };

async function open({ url }: Service, screen: keyof typeof SCREENS = 'wide'): Promise<Page> {
  const { page, trouble } = await visit(url, { viewport: SCREENS[screen] });
  await page.addInitScript(SHIFTS);
  await page.goto('/');
  await page.getByText('connected').waitFor();
  expect(trouble).toEqual([]);
  return page;
}

const shifts = (page: Page) => page.evaluate('window.shifts');

describe.each([
  [0, 'wide'],
  [1, 'wide'],
  [2_000, 'wide'],
  [1, 'phone'],
] as const)('%i predictions, %s screen', (count, screen) => {
  test('the page is there at once, and nothing on it jumps', async () => {
    const home = makeHome({
      mapping: (mapping: any) => ({
        ...mapping,
        mappings: [{ ...mapping.mappings[0], resource_filter: '*' }],
      }),
    });
    home.writePredictions(
      Array.from({ length: count }, (_, at) => ({
        ...DISK,
        resource: count === 1 ? '/data' : `/volume/${at}`,
        days_until_critical: 4 + (at % 40) / 4,
      })),
    );
    service = await startService(home);
    const page = await open(service, screen);
    await page.getByText(count === 1 ? '1 prediction' : `${count.toLocaleString('en-US')} predictions`).waitFor();
    expect(await page.locator('.rows > li').count()).toBe(Math.min(count, 100));
    expect(Buffer.byteLength(await page.content())).toBeLessThan(250_000);

    await service.post('/api/v1/pause', { name: 'night', reason: 'hands off' });
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
    await service.post('/api/v1/resume', { all: true });
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    if (count === 1) {
      const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
      await ended(service, decisions[0].execution_id);
      await page.locator('.tile').getByText('succeeded').waitFor();
    }
    expect(await shifts(page)).toEqual([]);

    const median = await firstByte(service, '/');
    console.log(`${count} predictions: first byte after ${median.toFixed(1)} ms (median)`);
    // Far more than it takes: the printed figure tells; this one, that nothing grows with the number of predictions.
    expect(median).toBeLessThan(2_000);
    if (count < 2_000) return;
    await page.getByRole('link', { name: 'less urgent' }).click();
    await page.getByText('101 to 200 of 2,000').waitFor();
    expect(await page.locator('.rows').getAttribute('start')).toBe('101');
    await page.getByRole('link', { name: 'more urgent' }).click();
    await page.getByText('1 to 100 of 2,000').waitFor();
  });
});

test('100,000 executions: the page is there at once, and the history can be paged', async () => {
  const home = makeHome();
  service = await startService(home);
  fillHistory(home.database, 100_000);
  const page = await open(service);
  expect(await page.locator('section:has(#executions) li').count()).toBe(12);
  const status = await firstByte(service, '/');
  const history = await firstByte(service, '/executions');
  console.log(
    `100,000 executions: first byte after ${status.toFixed(1)} ms, history after ${history.toFixed(1)} ms (medians)`,
  );
  expect(Math.max(status, history)).toBeLessThan(2_000);
  await page.getByRole('link', { name: 'older' }).click();
  const first = page.locator('.list li a').first();
  expect(await first.getAttribute('href')).toBe('/executions/exec_099987');
  await page.getByRole('link', { name: 'older' }).click();
  expect(await first.getAttribute('href')).toBe('/executions/exec_099937');
  expect(await shifts(page)).toEqual([]);
});

/** Runs over the last year, one every five minutes. */
function fillHistory(database: string, count: number): void {
  const db = new DatabaseSync(database, { timeout: 5_000 });
  const prediction = JSON.stringify({
    ...DISK,
    host: null,
    observed_at: Date.now() - 400 * DAY,
    source: 'api',
    labels: {},
  });
  const outcome = JSON.stringify({ exit_code: 0, duration_seconds: 12, result: null, used_bytes: null, error: null });
  db.exec('BEGIN');
  const insert = db.prepare(
    `INSERT INTO executions (id, state, playbook, mapping, target, resource, prediction, decision_id, trigger, mode,
       claimed_at, started_at, finished_at, dry_run, run, message, counts_as, counted_at, scope, fence, owner_id)
     VALUES (?, 'succeeded', 'recording', 'disk_exhaustion:/data', '["disk_exhaustion","/data",null]', '/data', ?, 'dec', 'webhook',
       'live', ?, ?, ?, ?, ?, 'cleaned', 'live', ?, 'recording', 1, 'nobody')`,
  );
  const begin = Date.now() - 360 * DAY;
  for (let at = 0; at < count; at++) {
    const time = begin + at * 300_000;
    insert.run(`exec_${String(at).padStart(6, '0')}`, prediction, time, time, time + 12_000, outcome, outcome, time);
  }
  db.exec('COMMIT');
  db.close();
}
