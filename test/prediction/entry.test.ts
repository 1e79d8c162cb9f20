import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FALLBACK, MINUTE, NOW, one, P, problem, read } from './reading.ts';

describe('days', () => {
  it.each([
    [8.2, 8.2],
    [0, 0],
    [-0, 0],
    ['6', 6],
    ['8.2e+00', 8.2],
    ['1e-05', 1e-5],
    ['-0', 0],
    ['now', 0],
    ['never', null],
    [null, null],
    [undefined, null],
  ])('%j is %j', (days, expected) => {
    expect(one({ ...P, days_until_critical: days }).days_until_critical).toBe(expected);
  });

  it.each([
    -1,
    '-0.1',
    Number.NaN,
    Infinity,
    'NaN',
    '+Inf',
    'Infinity',
    '',
    ' ',
    ' 6',
    '6 ',
    '0x10',
    '93%',
    '1,5',
    '1_0',
    '٣',
    'Never',
    '6 days',
    '1e400',
    true,
    [6],
    { days: 6 },
    '.5',
    '5.',
  ])('%j is refused', (days) => {
    expect(problem({ ...P, days_until_critical: days })).toMatch(/^days_until_critical is .*: a number of 0 or more/);
  });

  it('days_to_exhaustion stands in where days_until_critical says nothing', () => {
    const { days_until_critical: _, ...rest } = P;
    expect(one({ ...rest, days_to_exhaustion: 3 }).days_until_critical).toBe(3);
    expect(one({ ...P, days_until_critical: null, days_to_exhaustion: 3 }).days_until_critical).toBe(3);
    expect(one({ ...P, days_to_exhaustion: 3 }).days_until_critical).toBe(8.2);
    expect(one(rest).days_until_critical).toBeNull();
    expect(problem({ ...rest, days_to_exhaustion: -3 })).toMatch(/^days_to_exhaustion is -3/);
  });
});

describe('confidence', () => {
  it.each([0, 1, 0.5, '0.5', '1', '5e-01'])('%j is read', (confidence) => {
    expect(one({ ...P, confidence }).confidence).toBe(Number(confidence));
  });

  it.each([undefined, null, '', '0x1', '95%', 1.0001, 95, -0.1, Number.NaN, 'NaN', true, ' 0.5', '1e400'])(
    '%j is refused',
    (confidence) => {
      expect(problem({ ...P, confidence })).toMatch(/^confidence is .*: a number from 0 to 1 is needed/);
    },
  );

  it('is only ever a number from 0 to 1', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.jsonValue(), fc.double().map(String)), (confidence) => {
        for (const prediction of read({ ...P, confidence }).predictions) {
          expect(prediction.confidence).toBeGreaterThanOrEqual(0);
          expect(prediction.confidence).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('the time of a prediction', () => {
  const at = (observed_at: unknown, generated_at?: unknown) => ({ generated_at, predictions: [{ ...P, observed_at }] });

  it('is its own, else the document’s, else the fallback', () => {
    expect(one(at('2026-03-01T10:00:00Z', '2026-03-01T11:00:00Z')).observed_at).toBe(Date.UTC(2026, 2, 1, 10));
    expect(one(at(undefined, '2026-03-01T11:00:00Z')).observed_at).toBe(Date.UTC(2026, 2, 1, 11));
    expect(one(at(null, null)).observed_at).toBe(FALLBACK);
  });

  it('is local without a zone', () => {
    expect(one(at('2026-02-01T10:00:00.777331')).observed_at).toBe(new Date(2026, 1, 1, 10, 0, 0, 777).getTime());
    expect(one(at('2026-02-01 10:00')).observed_at).toBe(new Date(2026, 1, 1, 10).getTime());
  });

  it.each([
    ['2026-03-01T12:00:00+01:00', Date.UTC(2026, 2, 1, 11)],
    ['2026-03-01t02:00:00.5-0330', Date.UTC(2026, 2, 1, 5, 30, 0, 500)],
    ['2026-02-28T23:59:59,999Z', Date.UTC(2026, 1, 28, 23, 59, 59, 999)],
  ])('%s', (text, expected) => {
    expect(one(at(text)).observed_at).toBe(expected);
  });

  it.each([
    1_772_000_000,
    '1772000000',
    '',
    'yesterday',
    '2026-03-01',
    '2026-02-30T10:00:00Z',
    '2026-02-28T24:00:00Z',
    '2026-02-28T10:60:00Z',
    '2026-02-28T10:00:00+25:00',
    {},
    '0050-01-01T00:00:00Z',
  ])('%j is refused, wherever it stands', (time) => {
    expect(problem(at(time))).toMatch(/^predictions\[0\].observed_at is .*: a date and time such as/);
    expect(problem(at(undefined, time))).toMatch(
      /^predictions\[0\].observed_at is not there, and generated_at is .*: a date and time such as/,
    );
  });

  it('may be five minutes in the future, and says when more can be believed', () => {
    expect(one(at(new Date(NOW + 5 * MINUTE).toISOString())).observed_at).toBe(NOW + 5 * MINUTE);
    const later = new Date(NOW + 5 * MINUTE + 1).toISOString();
    expect(problem(at(later))).toMatch(/observed_at is in the future/);
    expect(problem(at(undefined, later))).toMatch(/observed_at is in the future/);
    expect(read(at(later)).refused_until).toBe(NOW + 1);
    expect(read([P]).refused_until).toBeNull();
  });
});

describe('names and labels', () => {
  it.each(['', null, undefined, 5, {}, '\ud800', 'x'.repeat(65_537)])('a resource %j is refused', (resource) => {
    expect(problem({ ...P, resource })).toMatch(/^resource is /);
  });

  it.each(['', 5, {}])('a host %j is refused', (host) => {
    expect(problem({ ...P, host })).toMatch(/^host is /);
  });

  it('keeps what a later gate refuses, as it is', () => {
    const odd = 'a\u0000\u001b[2J\u202e\u2028\nb';
    expect(one({ ...P, resource: odd, host: 'h'.repeat(2_000) })).toMatchObject({
      resource: odd,
      host: 'h'.repeat(2_000),
    });
  });

  it('reads own labels that are texts, the prototype untouched', () => {
    const { labels } = one(
      JSON.parse(JSON.stringify(P).replace('}', ',"labels":{"team":"a","__proto__":"b","constructor":"c"}}')),
    );
    expect(Object.entries(labels)).toEqual([
      ['team', 'a'],
      ['__proto__', 'b'],
      ['constructor', 'c'],
    ]);
    expect(Object.getPrototypeOf(labels)).toBeNull();
    expect((one(P).labels as Record<string, unknown>)['toString']).toBeUndefined();
  });

  it('does not take values from a prototype', () => {
    const inherits = JSON.parse('{"prediction_type":"disk_exhaustion","resource":"/","__proto__":{"confidence":1}}');
    expect(problem(inherits)).toMatch(/^confidence is missing/);
    expect(problem(Object.assign(Object.create({ confidence: 1 }), { prediction_type: 'a', resource: '/' }))).toMatch(
      /^confidence is missing/,
    );
  });

  it.each([
    ['x'],
    [[]],
    [{ a: 5 }],
    [{ a: null }],
    [Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, '']))],
  ])('labels %j are refused', (labels) => {
    expect(problem({ ...P, labels })).toMatch(/^labels/);
  });

  it('shows foreign values on one line', () => {
    expect(problem({ ...P, confidence: `\u001b[2J\n\u202e${'x'.repeat(500)}` })).toMatch(
      /^confidence is "\\u001b\[2J\\n\\u\{202e\}x+…": a number/,
    );
    expect(problem({ ...P, labels: { ['a\nb']: 1 } })).toMatch(/^labels\.a\\nb is 1/);
  });
});
