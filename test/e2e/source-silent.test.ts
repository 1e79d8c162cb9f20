import { rmSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { bodyOf, listen } from '../support/http.ts';
import { DISK, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

/** A server in Discord's place; the titles of what it was sent. */
async function receiver() {
  const titles: string[] = [];
  const { port } = await listen(async (request, response) => {
    titles.push(JSON.parse(await bodyOf(request)).embeds[0].title);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
  });
  return { titles, url: `http://127.0.0.1:${port}/api/webhooks/1/x` };
}

const homeFor = (url: string, forecast: object): Home =>
  makeHome({ config: (config) => ({ ...config, discord: { webhook_url: url }, ...forecast }) });

const metricOf = async (service: Service, source: string) =>
  (await (await service.get('/metrics')).text())
    .split('\n')
    .find((line) => line.startsWith(`prediction_source_up{source="${source}"}`));

test('a forecaster that errs every time is told of on every channel, on Discord once, over a restart too', async () => {
  const { titles, url } = await receiver();
  const resource = { prediction_type: 'disk_exhaustion', source: 'local', paths: ['/not/there'], critical: 0.9 };
  const home = homeFor(url, { forecast: { every: '1s', sample_every: '1s', resources: [resource] } });
  let service = await startService(home);
  const began = performance.now();
  await eventually(() => titles.length > 0, { timeout: 15_000 });
  expect(titles).toEqual(['A source of predictions cannot be read\\: forecast\\:local']);
  expect(performance.now() - began).toBeLessThan(12_000);
  expect(service.log()).toContainEqual(
    expect.objectContaining({ level: 'error', source: 'forecast:local', trouble: 'down' }),
  );
  expect(await metricOf(service, 'forecast:local')).toMatch(/ 0$/);
  expect(await (await service.get('/')).text()).toMatch(/Source down<\/b>: forecast:local: nothing could be measured/);
  await service.stop();
  service = await startService(home);
  await eventually(() => service.log().some(({ trouble }) => trouble === 'down'), { timeout: 15_000 });
  expect(titles).toHaveLength(1);
});

test('a file that says nothing new any more is told of at once; that it speaks again is logged', async () => {
  const { titles, url } = await receiver();
  const home = homeFor(url, {});
  home.writePredictions([{ ...DISK, observed_at: new Date(Date.now() - 27 * 3_600_000).toISOString() }]);
  const service = await startService(home);
  const source = `file:${home.predictions}`;
  await eventually(() => titles.length > 0, { timeout: 15_000 });
  expect(titles[0]).toMatch(/^A source of predictions has gone silent\\: file/);
  expect(await metricOf(service, source)).toMatch(/ 0$/);
  expect((await service.json('/api/v1/status')).sources).toMatchObject([
    { source, up: false, problem: expect.stringMatching(/^has said nothing new since /) },
  ]);
  home.writePredictions([DISK]);
  await eventually(async () => / 1$/.test((await metricOf(service, source)) ?? ''), { timeout: 15_000 });
  rmSync(home.predictions);
  await eventually(async () => / 0$/.test((await metricOf(service, source)) ?? ''), { timeout: 15_000 });
  expect(titles).toHaveLength(1);
});
