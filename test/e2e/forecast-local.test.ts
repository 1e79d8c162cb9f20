import { statfsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, expect, test } from 'vitest';
import { forestall, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

const HOUR = 3_600_000;

let home: Home;
let service: Service;
beforeAll(async () => {
  home = makeHome({
    config: (config) => ({
      ...config,
      predictions: { files: ['predictions.json'] },
      forecast: {
        every: '2s',
        sample_every: '1s',
        resources: [
          { prediction_type: 'disk_exhaustion', source: 'local', paths: ['/'], host: 'here', critical: 1 },
          { prediction_type: 'inode_exhaustion', source: 'local', paths: ['/'], measure: 'inodes', critical: 0.99 },
          { prediction_type: 'memory_exhaustion', source: 'local', resource: 'system_memory', critical: 0.99 },
          { prediction_type: 'disk_exhaustion', source: 'local', paths: ['/not/there'], critical: 0.9 },
        ],
      },
    }),
  });
  service = await startService(home);
});

function samplesOf(series: string): readonly { at: number; value: number }[] {
  const db = new DatabaseSync(home.database, { readOnly: true });
  const rows = db.prepare('SELECT at, value FROM samples WHERE series = ? ORDER BY at').all(series);
  db.close();
  return rows as unknown as { at: number; value: number }[];
}

const local = async () =>
  (await service.json('/api/v1/status')).sources.find(({ source }: any) => source === 'forecast:local');

test('disks, inodes and memory are measured again and again, as df has them', async () => {
  await eventually(() => samplesOf('bytes:/').length >= 3);
  const { blocks, bfree, bavail } = statfsSync('/');
  expect(samplesOf('bytes:/').at(-1)!.value).toBeCloseTo((blocks - bfree) / (blocks - bfree + bavail), 1);
  for (const series of ['inodes:/', 'memory:']) {
    const [sample] = samplesOf(series === 'memory:' ? 'memory:system_memory' : series);
    expect(sample!.value).toBeGreaterThanOrEqual(0);
    expect(sample!.value).toBeLessThanOrEqual(1);
  }
  expect(await local()).toMatchObject({ up: true, problem: expect.stringMatching(/\/not\/there: no such file/) });
});

test('minutes of a past are no forecast; a fortnight is one, that outlives a restart and is exported', async () => {
  const ours = async () =>
    (await service.json('/api/v1/predictions')).items.filter(({ source }: any) => source === 'forecast:local');
  expect(await ours()).toEqual([]);
  expect(await (await service.get('/')).text()).toMatch(/\/ on here<\/bdi> \(disk exhaustion\): only \d hours? /);
  await service.stop();

  const now = samplesOf('bytes:/')[0]!.at;
  const level = samplesOf('bytes:/')[0]!.value;
  const db = new DatabaseSync(home.database);
  const insert = db.prepare('INSERT INTO samples VALUES (?, ?, ?)');
  for (let hour = 1; hour <= 336; hour += 1) insert.run('bytes:/', now - hour * HOUR, level - (hour * level) / 1000);
  db.close();
  service = await startService(home);
  const [prediction] = await eventually(async () => ((await ours()).length > 0 ? ours() : null));
  expect(prediction).toMatchObject({ prediction_type: 'disk_exhaustion', resource: '/', host: 'here', stale: false });
  expect(prediction.age_seconds).toBeLessThan(30);
  expect(await (await service.get('/metrics')).text()).toContain(
    'prediction_confidence{prediction_type="disk_exhaustion",resource="/",source="forecast:local",host="here"}',
  );
});

test('run takes a sample too, and decides on what is forecast', async () => {
  await service.stop();
  const before = samplesOf('bytes:/').length;
  const { stdout } = await forestall(['run', '--json', '--dry-run', '--config', home.config, '--log-level', 'silent']);
  expect(samplesOf('bytes:/').length).toBe(before + 1);
  const document = JSON.parse(stdout);
  expect(document.sources).toContainEqual(expect.objectContaining({ source: 'forecast:local', up: true }));
  expect(document.decisions.map(({ target }: any) => target.host)).toContain('here');
});

test('the command line forecasts from what was measured, and draws it', async () => {
  const { code, stdout } = await forestall([
    'forecast',
    '--resource',
    '/',
    '--config',
    home.config,
    '--log-level',
    'silent',
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/disk_exhaustion of \/ on here +(?:none|[\d.]+) +\d+ %/);
  expect(stdout).toMatch(/[\u2801-\u28ff]{5}/);
  expect(stdout).toContain('dotted: critical at 1');
  const none = makeHome();
  const refused = await forestall(['forecast', '--config', none.config]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('forecast.resources')]);
});
