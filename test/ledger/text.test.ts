import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromStored, joined, toStored } from '../../src/ledger/text.ts';

const text = fc.string({
  unit: fc.constantFrom('\0', '\u0001', '\u001e', '\u001f', '0', '1', '2', '3', 'a', '"', '\u{1f600}'),
});

test('what is read back is what was written; nothing that PostgreSQL cannot hold is left', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(fromStored(toStored(one))).toBe(one);
      expect(toStored(one)).not.toMatch(/[\0\u001e\u001f]/);
      expect(toStored(one) === toStored(other)).toBe(one === other);
      expect(toStored(one + other).startsWith(toStored(one))).toBe(true);
    }),
  );
});

test('joined texts come apart as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.option(text), { minLength: 2 }), (texts) => {
      const parts = joined(texts).split('\u001f');
      expect(parts.map((part) => (part === '\u001e' ? null : fromStored(part)))).toEqual(texts);
    }),
  );
});
