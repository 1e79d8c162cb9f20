import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readNotification } from '../../src/alert/notification.ts';
import { openapiDocument } from '../../src/http/openapi.ts';
import { REQUESTS } from '../../src/http/openapi-components.ts';
import { pauseBody, resumeBody } from '../../src/http/schemas/pauses.ts';
import { readPredictions } from '../../src/prediction/documents.ts';
import { payloadBytes, payloadNames } from '../alert/bodies.ts';
import { mutatedBody } from '../alert/mutations.ts';
import { lint, type OpenapiDocument, withRequests } from '../support/openapi.ts';

const NOW = Date.UTC(2026, 10, 22);
const document = openapiDocument({ version: '1.2.3', basePath: '' }) as OpenapiDocument;

const isNotification = (body: unknown) => REQUESTS.Notification.safeParse(body).success;
const arePredictions = (body: unknown) => REQUESTS.Predictions.safeParse(body).success;
const readsNotification = (body: unknown) => readNotification(body).ok;
const readsPredictions = (body: unknown) =>
  readPredictions(body, { source: 'api', fallbackTime: NOW, now: NOW }).predictions.length > 0;

/** The bodies on file that are JSON. */
const payloads = payloadNames().flatMap((name) => {
  try {
    return [[name, JSON.parse(payloadBytes(name).toString()) as unknown] as const];
  } catch {
    return [];
  }
});

/** A key that no schema of ours describes: what reading makes of `__proto__` is for the readers' own tests. */
const namesProto = (body: unknown) => JSON.stringify(body).includes('"__proto__"');

describe('the body of POST /webhook', () => {
  test.each(payloads)('%s: the reader and the schema agree', (_name, body) => {
    if (!namesProto(body)) expect(isNotification(body)).toBe(readsNotification(body));
    else if (readsNotification(body)) expect(isNotification(body)).toBe(true);
  });

  test('both are seen among them', () => {
    const answers = payloads.map(([, body]) => readsNotification(body));
    expect(answers.filter((ok) => ok).length).toBeGreaterThan(10);
    expect(answers.filter((ok) => !ok).length).toBeGreaterThan(5);
  });

  test('property: the same with any part replaced', () => {
    fc.assert(
      fc.property(mutatedBody(), (body) => {
        const read = readsNotification(body);
        if (!namesProto(body)) expect(isNotification(body)).toBe(read);
        else if (read) expect(isNotification(body)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('what the reader takes, the published JSON Schema takes', async () => {
    const taken = [...payloads.map(([, body]) => body), ...fc.sample(mutatedBody(), 150)].filter(readsNotification);
    expect(taken.length).toBeGreaterThan(50);
    // JSON.stringify cannot write a lone surrogate other than as an escape: the linter reads JSON.
    expect(await lint(withRequests(document, 'receiveAlerts', taken))).toEqual([]);
  });
});

const days = fc.oneof(
  fc.constantFrom<unknown>(8.2, 0, -0, null, 'never', 'now', '6', '8.2e+00', '-0', '1e308', 1e308),
  fc.constantFrom<unknown>(-1, '-1', '', ' 6', '0x10', 'NaN', true, [], {}, 'soon', '1e400', '9'.repeat(65)),
);
const confidence = fc.constantFrom<unknown>(0.85, 0, 1, '0.5', '1e0', 1.5, -0.1, '93%', null, '', undefined, {});
const name = fc.constantFrom<unknown>(
  'disk_exhaustion',
  '/',
  'x'.repeat(65_536),
  '',
  'x'.repeat(65_537),
  '\ud800',
  3,
  null,
);
const time = fc.constantFrom<unknown>(
  undefined,
  null,
  '2026-11-21T12:00:00Z',
  '2026-11-21 12:00',
  '2026-11-21T12:00:00.123456',
  '2026-02-30T00:00:00Z',
  'yesterday',
  0,
);
const labels = fc.constantFrom<unknown>(
  undefined,
  null,
  {},
  { a: 'b' },
  { a: 1 },
  [],
  'a=b',
  Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`l${at}`, ''])),
  Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`l${at}`, ''])),
);
const usually = (value: unknown, other: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });
const absent = (record: object) =>
  JSON.parse(JSON.stringify(record, (_key, value: unknown) => (value === undefined ? undefined : value))) as unknown;

const anything = fc.jsonValue({ maxDepth: 2 });
const shared = {
  host: usually(undefined, name),
  confidence: usually(0.85, confidence),
  observed_at: usually(undefined, time),
  labels: usually(undefined, labels),
  more: usually(undefined, anything),
};
const prediction = fc
  .record({
    prediction_type: usually('disk_exhaustion', name),
    resource: usually('/srv', name),
    days_until_critical: usually(8.2, fc.oneof(fc.constant(undefined), days)),
    days_to_exhaustion: usually(undefined, days),
    ...shared,
  })
  .map(absent);
const cacheEntry = fc
  .record({
    mountpoint: usually('/', name),
    service: usually(undefined, name),
    days_until_90pct: usually(undefined, days),
    hours_until_4gb: usually(undefined, days),
    ...shared,
  })
  .map(absent);
const entries = (one: fc.Arbitrary<unknown>) => fc.array(fc.oneof(one, one, anything), { maxLength: 3 });
const kind = fc.oneof(cacheEntry, entries(cacheEntry), fc.constant(null), anything);
const body = fc.oneof(
  prediction,
  entries(prediction),
  fc.record({ predictions: entries(prediction), generated_at: usually(undefined, time) }).map(absent),
  fc
    .record({
      predictions: fc.record({ disk: kind, memory: kind, swap: kind }, { requiredKeys: [] }),
      generated_at: usually(undefined, time),
    })
    .map(absent),
  anything,
);

describe('the body of POST /api/v1/predictions', () => {
  test('property: what the reader takes, the schema takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(body, (given) => {
        if (!readsPredictions(given)) return;
        taken += 1;
        expect(arePredictions(given)).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  test('property: one prediction that the schema takes, the reader takes', () => {
    fc.assert(
      fc.property(prediction, (given) => {
        expect(REQUESTS.GivenPrediction.safeParse(given).success).toBe(readsPredictions(given));
      }),
      { numRuns: 3000 },
    );
  });

  test('what the reader takes, the published JSON Schema takes', async () => {
    const taken = fc.sample(body, 400).filter(readsPredictions);
    expect(taken.length).toBeGreaterThan(50);
    expect(await lint(withRequests(document, 'postPredictions', taken))).toEqual([]);
  });

  test.each<[unknown]>([[[]], [{}], [{ predictions: [] }], [null], ['x'], [{ prediction_type: 'disk_exhaustion' }]])(
    '%j is none',
    (given) => {
      expect(arePredictions(given)).toBe(false);
      expect(readsPredictions(given)).toBe(false);
    },
  );
});

test('what pause and resume take, their published JSON Schemas take', async () => {
  const line = fc.constantFrom<unknown>(
    'backup',
    '',
    'a\nb',
    '\u2028',
    'x'.repeat(64),
    'x'.repeat(65),
    3,
    null,
    undefined,
  );
  const length = fc.constantFrom<unknown>(
    '2h',
    '1h30m',
    '90s',
    '5ms',
    '1y2w3d',
    '0s',
    '',
    'soon',
    '2 h',
    7200,
    undefined,
  );
  const pause = fc.record({ name: line, for: length, reason: line }, { requiredKeys: [] }).map(absent);
  const resume = fc.record({ name: line, all: fc.constantFrom<unknown>(true, false, 'yes', undefined) }).map(absent);
  const pauses = fc.sample(pause, 300).filter((given) => pauseBody.safeParse(given).success);
  const resumes = fc.sample(resume, 100).filter((given) => resumeBody.safeParse(given).success);
  expect(Math.min(pauses.length, resumes.length)).toBeGreaterThan(5);
  expect(await lint(withRequests(document, 'pause', pauses))).toEqual([]);
  expect(await lint(withRequests(document, 'resume', resumes))).toEqual([]);
});
