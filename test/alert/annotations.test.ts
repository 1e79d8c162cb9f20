import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { predictionFromAnnotations } from '../../src/alert/situation.ts';
import { alertEntry, alertmanagerBody, firstAlert, payload } from './bodies.ts';

const NOW = Date.UTC(2026, 10, 22, 18, 30);

function read(annotations: object, labels?: object) {
  const entry = alertEntry(labels === undefined ? { annotations } : { annotations, labels });
  return predictionFromAnnotations(firstAlert(alertmanagerBody([entry])), NOW);
}

const daysOf = (text: string) => read({ days_until_critical: text, confidence: '0.9' });
const confidenceOf = (text: string) => read({ days_until_critical: '3', confidence: text });

test('days and confidence as plain decimal text make a prediction of now', () => {
  expect(read({ days_until_critical: '8.2', confidence: '0.87' })).toEqual({
    prediction: {
      prediction_type: 'disk_exhaustion',
      resource: '/srv',
      host: 'nas',
      days_until_critical: 8.2,
      confidence: 0.87,
      observed_at: NOW,
      source: 'alert',
      labels: { alertname: 'DiskPredictedFull' },
    },
  });
});

test.each<[string, number | null]>([
  ['8.2', 8.2],
  ['8.2e+00', 8.2],
  ['1e-05', 0.00001],
  ['2.473545728e+09', 2473545728],
  ['0', 0],
  ['-0', 0],
  ['+Inf', null],
])('days %s are read', (text, days_until_critical) => {
  expect(daysOf(text)).toMatchObject({ prediction: { days_until_critical } });
});

const NO_NUMBERS = [
  '',
  ' ',
  '   ',
  'NaN',
  'Inf',
  '-Inf',
  'Infinity',
  '1e400',
  '0x10',
  '0b1',
  '1_000',
  '0,93',
  '.5',
  '5.',
  '+1',
  ' 1',
  '1 ',
  '1\n',
  '93.4%',
  '2.474G',
  '3d',
  '٣',
  'null',
  'true',
  '[]',
  '--1',
  '1e',
  '1e+',
  '<error expanding template: x>',
];

test.each([...NO_NUMBERS, '-1', '-0.1'])('days %j are refused', (text) => {
  expect(daysOf(text)).toMatchObject({ problem: expect.stringContaining('annotation days_until_critical') });
});

test.each([...NO_NUMBERS, '+Inf', '-0.1', '1.0001', '95', '1e3'])('confidence %j is refused', (text) => {
  expect(confidenceOf(text)).toMatchObject({ problem: expect.stringContaining('annotation confidence') });
});

test.each(['0', '1', '1.0', '0.5', '9.3e-01'])('confidence %s is read', (text) => {
  expect(confidenceOf(text)).toMatchObject({ prediction: { confidence: Number(text) } });
});

describe('what real systems send for a confidence (fault 6)', () => {
  test.each([
    'am025-prom-nan-confidence',
    'am025-prom-template-error',
    'bad-confidence-comma',
    'bad-confidence-hex',
    'bad-confidence-negative',
    'bad-confidence-over-one',
    'bad-confidence-percent',
    'bad-confidence-spaces',
  ])('%s is refused', (name) => {
    const { confidence } = firstAlert(payload(name)).annotations;
    expect(confidence).toBeTypeOf('string');
    expect(confidenceOf(confidence ?? '')).toHaveProperty('problem');
  });

  test.each(['h', 'pct', 'dur'])('humanised values are refused: %s', (name) => {
    expect(daysOf(firstAlert(payload('am025-prom-humanized-values')).annotations[name] ?? '')).toHaveProperty(
      'problem',
    );
  });

  test('raw values are read', () => {
    expect(daysOf(firstAlert(payload('am025-prom-humanized-values')).annotations['raw'] ?? '')).toHaveProperty(
      'prediction',
    );
  });
});

test.each([{}, { confidence: '0.9' }, { days_until_critical: '3' }])(
  'nothing is guessed where one is missing: %s',
  (annotations) => {
    expect(read(annotations)).toMatchObject({ problem: expect.stringContaining('found nothing') });
  },
);

test('only the own annotations of the alert count (fault 7)', () => {
  const body = alertmanagerBody([alertEntry({ annotations: {} })], {
    commonAnnotations: { days_until_critical: '3', confidence: '1' },
  });
  expect(predictionFromAnnotations(firstAlert(body), NOW)).toHaveProperty('problem');
  const inherited = JSON.parse('{"__proto__":"x","days_until_critical":"3"}');
  expect(read(inherited)).toHaveProperty('problem');
});

test('without type and resource there is nothing to predict', () => {
  const labels = { alertname: 'A', prediction_type: 'disk_exhaustion' };
  expect(read({ days_until_critical: '3', confidence: '0.9' }, labels)).toEqual({
    problem: 'the alert needs the labels prediction_type and resource',
  });
});

test('property: whatever text comes, what is accepted is a finite number in range that reads the same', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'0123456789.eE+-xInfNa% ') }),
    fc.double().map(String),
  );
  fc.assert(
    fc.property(text, text, (days, confidence) => {
      const answer = read({ days_until_critical: days, confidence });
      if ('problem' in answer) return;
      const { prediction } = answer;
      expect(confidence).toMatch(/^-?\d[\d.eE+-]*$/);
      expect(prediction.confidence).toBe(Number(confidence) + 0);
      expect(prediction.confidence).toBeGreaterThanOrEqual(0);
      expect(prediction.confidence).toBeLessThanOrEqual(1);
      if (prediction.days_until_critical === null) expect(days).toBe('+Inf');
      else expect(prediction.days_until_critical).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});
