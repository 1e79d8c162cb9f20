import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { lintMapping } from '../../src/mapping/lint.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { forestall } from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

const SHIPPED = JSON.parse(readFileSync(join(ROOT, 'config/action-mapping.json'), 'utf8'));

/** What is said of a mapping with one action, by the path of the place. */
function said(action: object, more: { readonly entry?: object; readonly global?: object } = {}, others: object[] = []) {
  const document = {
    mappings: [
      {
        prediction_type: 'disk_exhaustion',
        resource_filter: '/',
        conditions: { min_confidence: 0.7 },
        action: { playbook: 'p', version: '1.0', ...action },
        ...more.entry,
      },
      ...others,
    ],
    global_settings: more.global ?? {},
  };
  const { mapping, issues } = readActionMapping(document, { playbooks: null, facts: [] });
  if (mapping === null) throw new Error(JSON.stringify(issues));
  return lintMapping(mapping).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const other = (action: object = {}, entry: object = {}) => ({
  prediction_type: 'disk_exhaustion',
  resource_filter: '/srv',
  conditions: { min_confidence: 0.7 },
  action: { playbook: 'p', version: '1.0', ...action },
  ...entry,
});
const byName = { alertname: 'A', prediction_type: undefined, resource_filter: undefined, conditions: undefined };
const all = { prediction_type: 'disk_exhaustion', resource_filter: '*' };

describe('the mapping against itself', () => {
  it('says nothing of the shipped one', () => {
    const { mapping } = readActionMapping(SHIPPED, { playbooks: null, facts: [] });
    expect(lintMapping(mapping!)).toEqual([]);
  });

  it.each([
    [
      'a cooldown that settling outlives',
      { cooldown_hours: 12 },
      {},
      [],
      /cooldown_hours: the cooldown of 12h is over before verify\.after \(1d\)/,
    ],
    ['no longer than', { cooldown_hours: 24 }, {}, [], null],
    ['none at all', { cooldown_hours: 0 }, {}, [], null],
    ['verified sooner', { cooldown_hours: 12, verify: { after: '12h' } }, {}, [], null],
    ['one for many resources', { cooldown_hours: 12 }, { entry: all }, [], null],
    [
      'each for itself',
      { cooldown_hours: 12, limit_scope: 'resource' },
      { entry: all },
      [],
      /^mappings\.0\.action\.cooldown_hours/,
    ],
    ['one that another mapping shares', { cooldown_hours: 12 }, {}, [other()], null],
    ['an alert, whose end is waited for', { cooldown_hours: 12 }, { entry: { ...byName, resource: 'web' } }, [], null],
    [
      'an alert with an expectation',
      { cooldown_hours: 1, verify: { expect: 'disk_usage < 9' } },
      { entry: { ...byName, resource: 'web' } },
      [],
      /the cooldown of 1h/,
    ],
    [
      'a weekly limit that the cooldown guarantees',
      { cooldown_hours: 48, max_executions_per_week: 4 },
      {},
      [],
      /max_executions_per_week: the limit of 4 runs in a week is never reached: the cooldown of 2d/,
    ],
    ['one that binds', { cooldown_hours: 48, max_executions_per_week: 3 }, {}, [], null],
    [
      'a limit that another one guarantees',
      { limits: [{ runs: 10, per: '30d' }], max_executions_per_week: 2 },
      {},
      [],
      /limits\.0: the limit of 10 runs in 30d is never reached: 2 runs in a week/,
    ],
    ['one that it does not', { limits: [{ runs: 9, per: '30d' }], max_executions_per_week: 2 }, {}, [], null],
    [
      'a limit over two mappings',
      { cooldown_hours: 48, max_executions_per_week: 4 },
      {},
      [other({ cooldown_hours: 0 })],
      null,
    ],
    [
      'a day that the limits of the weeks cannot fill',
      { max_executions_per_week: 2 },
      { global: { max_daily_executions: 5 } },
      [other({ playbook: 'q', max_executions_per_week: 3 })],
      /^global_settings\.max_daily_executions: the limit of 5 runs in 24 hours is never reached: .* no more than 5 together/,
    ],
    [
      'one that they can',
      { max_executions_per_week: 3 },
      { global: { max_daily_executions: 5 } },
      [other({ playbook: 'q', max_executions_per_week: 3 })],
      null,
    ],
    ['one that nothing else bounds', {}, { global: { max_daily_executions: 5 } }, [], null],
  ] as const)('%s', (_what, action, more, others, message) => {
    const issues = said({ cooldown_hours: 24, ...action }, more, [...others]);
    if (message === null) expect(issues).toEqual([]);
    else expect(issues).toEqual([expect.stringMatching(message)]);
  });

  const window = (min: number, max: number) => ({
    conditions: { min_days_until_critical: min, max_days_until_critical: max, min_confidence: 0.7 },
  });
  it.each([
    [
      'overlap',
      window(3, 7),
      window(5, 14),
      /^mappings\.1\.conditions: its window of 5 to 14 days overlaps that of "a", 3 to 7 days, and is never used/,
    ],
    ['leave a hole', window(3, 7), window(9, 14), /its window of 9 to 14 days lies apart from that of "a"/],
    ['lie one in the other', window(3, 14), window(5, 7), null],
  ] as const)('windows of one resource that %s', (_what, first, second, message) => {
    const issues = said({}, { entry: { id: 'a', ...first } }, [
      other({}, { id: 'b', resource_filter: '/', ...second }),
    ]);
    expect(issues).toEqual(message === null ? [] : [expect.stringMatching(message)]);
  });
});

describe('what check says of a folder', () => {
  function advice(change: (text: string) => string): readonly string[] {
    const folder = tempDir();
    cpSync(join(ROOT, 'config'), folder, { recursive: true });
    const file = join(folder, 'forestall.yaml');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    const loaded = loadConfig({ file, env: {}, home: '/home/someone' });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return loaded.config.advice.map((text) => text.replace(folder, ''));
  }
  const forecast =
    'forecast: { resources: [{ prediction_type: disk_exhaustion, source: local, paths: [/], critical: 0.9 }] }\n';

  it('is nothing for the shipped files', () => {
    expect(advice((text) => text)).toEqual([]);
  });

  it('names a playbook that nothing maps to, at its line', () => {
    const [one, ...more] = advice((text) =>
      text.replace('playbooks:\n', 'playbooks:\n  idle: { version: "1.0", run: [/bin/true] }\n'),
    );
    expect(one).toMatch(/^\/forestall\.yaml:\d+:3: playbooks\.idle: no mapping names the playbook idle: it never runs/);
    expect(more).toEqual([]);
  });

  it('names an alert that would flap between two forecasts', () => {
    const [one, ...more] = advice((text) => text + forecast);
    expect(one).toMatch(
      /^\/forestall\.yaml:\d+:\d+: rules\.keep_firing_for: 15m is shorter than forecast\.every \(1h\)/,
    );
    expect(more).toEqual([]);
    expect(advice((text) => text.replace('keep_firing_for: 15m', 'keep_firing_for: 6h') + forecast)).toEqual([]);
  });

  it('is a warning with a place; the exit code stays 0', { timeout: 60_000 }, async () => {
    const folder = tempDir();
    cpSync(join(ROOT, 'config'), join(folder, 'config'), { recursive: true });
    SHIPPED.mappings[0].action.max_executions_per_week = 4;
    writeFileSync(join(folder, 'config/action-mapping.json'), JSON.stringify(SHIPPED, null, 2));
    const { code, stdout } = await forestall(['check', '--config', join(folder, 'config/forestall.yaml')]);
    expect(stdout).toMatch(
      /^warning .*action-mapping\.json:\d+:\d+: mappings\[0\]\.action\.max_executions_per_week: the limit of 4/m,
    );
    expect(code).toBe(0);
  });
});
