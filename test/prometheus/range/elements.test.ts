import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createElementReader, TooLong } from '../../../src/prometheus/range/elements.ts';

const LIMITS = { element: 100_000, frame: 10_000 };

function readIn(pieces: readonly string[] | readonly Uint8Array[], limits = LIMITS) {
  const elements: unknown[] = [];
  const reader = createElementReader((text) => elements.push(JSON.parse(text)), limits);
  for (const piece of pieces) reader.push(Buffer.from(piece as string));
  return { elements, frame: reader.frame() };
}

test('any answer is cut the same wherever its pieces end, and what is left parses without its elements', () => {
  const series = fc.record({
    metric: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
    values: fc.array(fc.tuple(fc.integer(), fc.string())),
  });
  const answer = fc.record({
    status: fc.constant('success'),
    data: fc.record({ resultType: fc.constant('matrix'), result: fc.array(series) }),
    warnings: fc.array(fc.string({ unit: 'binary' })),
  });
  fc.assert(
    fc.property(answer, fc.array(fc.nat(200), { maxLength: 20 }), (value, cuts) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
      const { elements, frame } = readIn(at.slice(1).map((end, i) => bytes.subarray(at[i], end)));
      expect(elements).toEqual(JSON.parse(JSON.stringify(value.data.result)));
      expect(JSON.parse(frame)).toEqual({ ...value, data: { ...value.data, result: [] } });
    }),
  );
});

test('half of an answer leaves a frame that is no JSON', () => {
  const whole =
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]},{"metric":{}}]}}';
  for (let length = 1; length < whole.length; length += 1) {
    const { frame } = readIn([whole.slice(0, length)]);
    expect(() => JSON.parse(frame), whole.slice(0, length)).toThrow();
  }
});

test('what is too long is refused while it arrives', () => {
  const long = 'x'.repeat(200);
  expect(() => readIn(['{"data":{"result":[{"a":"', long], { element: 100, frame: 100 })).toThrow(TooLong);
  expect(() => readIn(['{"error":"', long], { element: 100, frame: 100 })).toThrow(TooLong);
});
