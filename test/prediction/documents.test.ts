import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FALLBACK, MINUTE, NOW, one, P, read } from './reading.ts';

describe('the shapes of a document', () => {
  const expected = {
    prediction_type: 'disk_exhaustion',
    resource: '/',
    host: null,
    days_until_critical: 8.2,
    confidence: 0.85,
    observed_at: FALLBACK,
    source: 'file:/p.json',
    labels: {},
  };

  it.each([
    ['one P', P],
    ['a bare array', [P]],
    ['a list', { predictions: [P] }],
    ['keys that are not known', { predictions: [{ ...P, recommendation: 'clean', severity: 7 }], version: 3 }],
  ])('%s', (_name, document) => {
    expect(one(document)).toEqual(expected);
  });

  it.each([[[]], [{ predictions: [] }], [{ predictions: {} }], [{ predictions: { disk: null, memory: [] } }]])(
    '%j holds none',
    (document) => {
      expect(read(document)).toEqual({
        predictions: [],
        problems: [],
        skipped: 0,
        recognised: true,
        refused_until: null,
        dated_at: FALLBACK,
      });
    },
  );

  it.each([[null], ['text'], [5], [true], [{}], [{ predictions: null }], [{ predictions: 'x' }], [{ items: [P] }]])(
    '%j is none',
    (document) => {
      expect(read(document)).toMatchObject({ predictions: [], problems: [{}], recognised: false });
    },
  );

  it('skips what is bad and keeps the rest', () => {
    const document = {
      predictions: [P, null, { ...P, resource: '/srv', confidence: 2 }, { ...P, resource: '/home' }, [P]],
    };
    const { predictions, problems, skipped, recognised } = read(document);
    expect(predictions.map(({ resource }) => resource)).toEqual(['/', '/home']);
    expect(problems.map(({ path }) => path)).toEqual(['predictions[1]', 'predictions[2].confidence', 'predictions[4]']);
    expect({ skipped, recognised }).toEqual({ skipped: 3, recognised: true });
  });

  it('says at most a hundred problems, and how many more there are', () => {
    const { problems, skipped } = read(Array.from({ length: 250 }, () => 5));
    expect(problems).toHaveLength(101);
    expect(problems[100]?.message).toBe('has 150 more entries that were skipped');
    expect(skipped).toBe(250);
  });

  it('reads 100,000 entries and refuses one more', () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => ({ ...P, resource: `/${i}` }));
    expect(read(entries).predictions).toHaveLength(100_000);
    expect(read([...entries, P])).toMatchObject({ predictions: [], recognised: false });
  });
});

describe('the homelab cache', () => {
  it('reads disks and memory, hours as days', () => {
    const { predictions, problems } = read({
      generated_at: '2026-03-01T11:30:00.123456Z',
      lookback: '3d',
      predictions: {
        disk: [
          { mountpoint: '/srv', days_until_90pct: '12', confidence: 0.5, trend: -2 },
          { mountpoint: '/var', days_until_90pct: 'now', confidence: '0.25' },
        ],
        memory: { hours_until_4gb: 36, confidence: 1 },
      },
    });
    expect(problems).toEqual([]);
    expect(predictions).toMatchObject([
      { prediction_type: 'disk_exhaustion', resource: '/srv', days_until_critical: 12, confidence: 0.5 },
      { prediction_type: 'disk_exhaustion', resource: '/var', days_until_critical: 0, confidence: 0.25 },
      { prediction_type: 'memory_exhaustion', resource: 'system_memory', days_until_critical: 1.5, confidence: 1 },
    ]);
    expect(new Set(predictions.map(({ observed_at }) => observed_at))).toEqual(
      new Set([Date.UTC(2026, 2, 1, 11, 30, 0, 123)]),
    );
  });

  it('reads a single disk and a list of services', () => {
    const { predictions, problems } = read({
      predictions: {
        disk: { mountpoint: '/', days_until_90pct: '8.2e+00', confidence: 0.9, host: 'nas' },
        memory: [{ service: 'grafana', hours_until_4gb: 'never', confidence: 0.2 }],
      },
    });
    expect(problems).toEqual([]);
    expect(predictions).toMatchObject([
      { resource: '/', host: 'nas', days_until_critical: 8.2 },
      { resource: 'grafana', days_until_critical: null },
    ]);
  });

  it('names each problem where it stands', () => {
    const { problems } = read({
      predictions: {
        disk: { days_until_90pct: 6, confidence: 0.9 },
        memory: [
          { hours_until_4gb: 'NaN', confidence: 0.2 },
          { hours_until_4gb: 1, days_until_4gb: 1, confidence: 0.2 },
          { service: '', confidence: 1 },
        ],
        swap: { confidence: 1 },
        ['__proto__']: { confidence: 1 },
        constructor: {},
      },
    });
    expect(problems.map(({ path }) => path)).toEqual([
      'predictions.disk.mountpoint',
      'predictions.memory[0].hours_until_4gb',
      'predictions.memory[1]',
      'predictions.memory[2].service',
      'predictions.swap',
      'predictions.__proto__',
      'predictions.constructor',
    ]);
  });
});

describe('two of one target', () => {
  const dated = (days: number, observed_at: string, more: object = {}) => ({
    ...P,
    days_until_critical: days,
    observed_at,
    ...more,
  });

  it('are the newest, of equally old ones the later', () => {
    expect(one([dated(1, '2026-03-01T11:00:00Z'), dated(2, '2026-03-01T10:00:00Z')]).days_until_critical).toBe(1);
    expect(one([dated(1, '2026-03-01T10:00:00Z'), dated(2, '2026-03-01T11:00:00Z')]).days_until_critical).toBe(2);
    expect(one([dated(1, '2026-03-01T10:00:00Z'), dated(2, '2026-03-01T10:00:00Z')]).days_until_critical).toBe(2);
  });

  it('are two where type, resource or host differ', () => {
    const time = '2026-03-01T10:00:00Z';
    const entries = [
      dated(1, time),
      dated(1, time, { host: 'a' }),
      dated(1, time, { resource: '/srv' }),
      dated(1, time, { prediction_type: 'inode_exhaustion' }),
    ];
    expect(read(entries).predictions).toHaveLength(4);
  });
});

it('never throws, and what it reads is always usable', () => {
  const entry = fc.record(
    {
      prediction_type: fc.oneof(fc.string(), fc.jsonValue()),
      resource: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      host: fc.oneof(fc.string(), fc.jsonValue()),
      days_until_critical: fc.oneof(fc.double(), fc.string(), fc.jsonValue()),
      confidence: fc.oneof(fc.double({ min: 0, max: 1 }), fc.jsonValue()),
      observed_at: fc.oneof(
        fc.date().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.jsonValue(),
      ),
      labels: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
    },
    { requiredKeys: ['prediction_type'] },
  );
  const list = fc.array(fc.oneof(entry, fc.jsonValue()));
  const cache = fc.dictionary(
    fc.constantFrom('disk', 'memory', 'swap', '__proto__'),
    fc.oneof(entry, list, fc.jsonValue()),
  );
  const document = fc.oneof(
    fc.jsonValue(),
    entry,
    list,
    fc.record({ predictions: fc.oneof(list, cache), generated_at: fc.jsonValue() }),
  );
  fc.assert(
    fc.property(document, (value) => {
      const { predictions, problems, skipped } = read(value);
      expect(problems.length).toBeGreaterThanOrEqual(Math.min(skipped, 100));
      for (const p of predictions) {
        expect(p.prediction_type && p.resource && p.host !== '').toBeTruthy();
        expect(
          p.days_until_critical === null || (Number.isFinite(p.days_until_critical) && p.days_until_critical >= 0),
        ).toBe(true);
        expect(p.confidence >= 0 && p.confidence <= 1).toBe(true);
        expect(p.observed_at <= NOW + 5 * MINUTE).toBe(true);
      }
    }),
  );
});
