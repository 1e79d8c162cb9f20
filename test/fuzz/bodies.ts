import fc from 'fast-check';
import { readNotification } from '../../src/alert/notification.ts';
import { payload, payloadBytes, payloadNames } from '../alert/bodies.ts';
import { mutated, ODD_VALUES, readableNames } from '../alert/mutations.ts';
import { mutatedBytes } from './bytes.ts';

/** Least confidence of the mapping behind. */
export const LEAST = 0.98;

export interface Request {
  readonly path: string;
  readonly body: Buffer;
}

/** Texts that are, or look like, what passes: some reader takes each of them for a number from 0.98 to 1. */
const CONFIDENCES = [
  '0.9799999',
  '0.99 ',
  ' 0.99',
  '+0.99',
  '.99',
  '0,99',
  '0x1',
  '1_0e-1',
  '99%',
  '99',
  '１',
  '٠.٩٩',
  '0.99\u0000',
  '0.99\n1',
  '1e400',
  'Infinity',
  'NaN',
  '-0.99',
  '1.0000001',
  'true',
  true,
  1,
  0.99,
  ['0.99'],
  { value: '0.99' },
  '0.93',
];
const STATUSES = ['resolved', 'firing ', 'FIRING', 'pending', '', null, true, 'firing'];

/** The bodies on file that are a notification. */
function understoodBodies(): readonly unknown[] {
  return readableNames()
    .map(payload)
    .filter((body) => readNotification(body).ok);
}

/** Real bodies with the labels and annotations of a prediction, so that what is wrong with them decides and nothing else. */
const dressed: fc.Arbitrary<object> = fc
  .record({
    body: fc.constantFrom(...understoodBodies()),
    confidence: fc.constantFrom(...CONFIDENCES),
    status: fc.option(fc.constantFrom(...STATUSES), { nil: undefined }),
    resource: fc.constantFrom('/srv', '/data', '../etc', '--now', '$(id)', '/'),
  })
  .map(({ body, confidence, status, resource }) => {
    const copy = structuredClone(body) as any;
    for (const alert of Array.isArray(copy?.alerts) ? copy.alerts : []) {
      if (typeof alert?.labels !== 'object' || alert.labels === null) continue;
      Object.assign(alert.labels, { prediction_type: 'disk_exhaustion', resource });
      alert.annotations = { ...alert.annotations, days_until_critical: '8.2', confidence };
      if (status !== undefined) alert.status = status;
    }
    return copy as object;
  });

const P = { prediction_type: 'disk_exhaustion', resource: '/srv', days_until_critical: 8.2, confidence: 0.93 };
const documents: fc.Arbitrary<object> = fc
  .record({ confidence: fc.constantFrom(...CONFIDENCES), shape: fc.nat(4) })
  .map(({ confidence, shape }) => {
    const entry = { ...P, confidence, host: 'nas', labels: { mountpoint: '/srv' } };
    const cached = { mountpoint: '/srv', days_until_90pct: 8.2, confidence };
    return [
      { ...entry },
      [P, entry],
      { generated_at: '2026-11-22T18:13:38Z', predictions: [{ ...P, observed_at: '2026-11-22T18:13:38Z' }, entry] },
      { predictions: { disk: [cached], memory: { service: 'web', hours_until_4gb: 30, confidence } } },
      { predictions: { disk: cached, memory: null } },
    ][shape]!;
  });

const text = (value: unknown): string => JSON.stringify(value) ?? '';
const asBytes = (values: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  values.map((value) => Buffer.from(text(value)));

const originals = fc.constantFrom(...payloadNames().map((name) => payloadBytes(name).toString()));
const anyJson = fc.jsonValue({ maxDepth: 5 });

const notifications = fc.oneof(
  { weight: 4, arbitrary: asBytes(mutated(dressed, 2)) },
  { weight: 2, arbitrary: asBytes(mutated(fc.constantFrom(...readableNames().map(payload)), 2)) },
  { weight: 2, arbitrary: mutatedBytes(dressed.map(text)) },
  { weight: 1, arbitrary: mutatedBytes(originals) },
  { weight: 1, arbitrary: asBytes(fc.oneof(anyJson, fc.record({ version: fc.constant('4'), alerts: anyJson }))) },
);
const predictions = fc.oneof(
  { weight: 3, arbitrary: asBytes(mutated(documents, 3)) },
  { weight: 2, arbitrary: mutatedBytes(documents.map(text)) },
  { weight: 1, arbitrary: asBytes(fc.oneof(anyJson, fc.record({ predictions: anyJson }), ODD_VALUES)) },
);
const modes = fc.constantFrom('', '?mode=live', '?mode=dry-run', '?mode=explain', '?mode=publish');

/** What a sender with the token may come up with, for the two paths that can lead to a run. */
export const requests: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: notifications.map((body) => ({ path: '/webhook', body })) },
  {
    weight: 1,
    arbitrary: fc.tuple(predictions, modes).map(([body, mode]) => ({ path: `/api/v1/predictions${mode}`, body })),
  },
);

/**
 * Whether a run would be right, by a reading of its own: somewhere stands a confidence that is enough, beside the word
 * `firing` where alerts are. What is left of many bodies must lead to none.
 */
export function mayRun({ path, body }: Request): boolean {
  let value: any;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return false;
  }
  if (!path.startsWith('/webhook')) return holdsEnough(value);
  const alerts: readonly any[] = Array.isArray(value?.alerts) ? value.alerts : [];
  return alerts.some((alert) => alert?.status === 'firing' && isEnough(alert?.annotations?.confidence, 'string'));
}

function isEnough(value: unknown, ...types: readonly string[]): boolean {
  if (!types.includes(typeof value) || !/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(String(value))) return false;
  return Number(value) >= LEAST && Number(value) <= 1;
}

function holdsEnough(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, child]) => (key === 'confidence' && isEnough(child, 'string', 'number')) || holdsEnough(child),
  );
}
