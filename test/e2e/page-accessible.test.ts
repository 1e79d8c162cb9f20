import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { visit } from '../support/browser.ts';
import { measureFor } from '../support/measured.ts';
import { alertBody, DISK, ended, makeHome, type Service, startService } from '../support/service.ts';

const AXE = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let service: Service;
const paths: string[] = [];
beforeAll(async () => {
  const home = makeHome({
    config: (config) => ({
      ...config,
      forecast: {
        resources: [
          { prediction_type: 'disk_exhaustion', source: 'local', paths: ['/'], host: 'nas', critical: 1 },
          { prediction_type: 'swap_exhaustion', source: 'local', resource: 'system_swap', critical: 1 },
        ],
      },
    }),
    mapping: (mapping: any) => ({
      ...mapping,
      mappings: [
        { ...mapping.mappings[0], action: { ...mapping.mappings[0].action, limit_scope: 'resource' } },
        {
          ...mapping.mappings[0],
          resource_filter: '/ask',
          action: { ...mapping.mappings[0].action, limit_scope: 'resource', require_confirmation: true },
        },
      ],
    }),
  });
  home.writePredictions([
    DISK,
    { ...DISK, resource: '/ask' },
    { ...DISK, resource: '/now', days_until_critical: 1 },
    { ...DISK, resource: '/never', days_until_critical: null },
    { ...DISK, resource: '/old', observed_at: new Date(Date.now() - 40 * 3_600_000).toISOString() },
  ]);
  await measureFor(14, home);
  service = await startService(home);
  const run = async (resource: string): Promise<string> => {
    const answer = (await (await service.post('/webhook', alertBody({ resource }))).json()) as any;
    return answer.decisions[0].execution_id;
  };
  const done = await run('/data');
  await ended(service, done);
  const waiting = await run('/ask');
  await run('/now');
  const refused = (await service.json('/api/v1/decisions')).items[0].id;
  paths.push(
    '/',
    `/executions/${done}`,
    `/executions/${waiting}`,
    `/decisions/${refused}`,
    '/try',
    '/try?type=disk_exhaustion&resource=/data&days=8&confidence=0.3',
    '/try/live?type=disk_exhaustion&resource=/data&days=8&confidence=0.9',
    '/executions',
    '/predictions',
    '/forecast?type=disk_exhaustion&resource=/&host=nas',
    '/executions/none',
  );
});

const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1440, height: 1000 } },
  dark: { colorScheme: 'dark', viewport: { width: 1440, height: 1000 } },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 780 } },
  'dark phone': { colorScheme: 'dark', viewport: { width: 360, height: 780 } },
} as const;

describe.each(Object.entries(LOOKS))('%s', (_name, look) => {
  test('axe finds nothing, and nothing is wider than the screen', async () => {
    const { page, trouble } = await visit(service.url, { ...look, expected: /404/ });
    const check = async (what: string) => {
      await page.evaluate(AXE);
      const found =
        await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations, passes }) =>
        [...violations, ...(passes.length < 15 ? [{ id: 'axe looked at nothing', nodes: [] }] : [])].map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')))`);
      expect(found, what).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), what).toBe(true);
    };
    for (const path of paths) {
      await page.goto(path);
      await check(path);
    }
    await service.post('/api/v1/pause', { name: 'night', reason: 'hands off', for: '2h' });
    await page.goto('/');
    await check('paused');
    await service.post('/api/v1/resume', { all: true });
    expect(trouble).toEqual([]);
  });
});

test('by keyboard: the first stop skips to the content, and everything that can be done is reached', async () => {
  const { page } = await visit(service.url);
  await page.goto('/');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('content');
  const stops: string[] = [];
  for (let stop = 0; stop < 8; stop++) {
    await page.keyboard.press('Tab');
    stops.push(String(await page.evaluate('document.activeElement.name || document.activeElement.textContent.trim()')));
  }
  expect(stops.slice(0, 5)).toEqual(['name', 'for', 'reason', 'Pause', 'Approve recording?']);
});
