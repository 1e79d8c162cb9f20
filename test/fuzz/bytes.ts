import fc from 'fast-check';

const PIECES = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\u0000',
  '\ufeff',
  '\\ud800',
  '\\u0000',
  '1e400',
  '-0',
  'null',
  '"__proto__":',
  '[['.repeat(40),
  '\u2028',
  '$(id)',
];

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly kind: 'cut' | 'copy' | 'flip' | 'piece';
  readonly piece: string;
}

const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 60 }),
    kind: fc.constantFrom('cut' as const, 'copy' as const, 'flip' as const, 'piece' as const),
    piece: fc.constantFrom(...PIECES),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Texts whose bytes were cut out, doubled, changed in a bit, or broken by a piece of JSON. */
export function mutatedBytes(texts: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc.tuple(texts, edits).map(([text, changes]) => changes.reduce(changed, Buffer.from(text)));
}

function changed(bytes: Buffer, { at, length, kind, piece }: Edit): Buffer {
  if (bytes.length === 0) return Buffer.from(piece);
  const from = at % bytes.length;
  const [head, part, tail] = [
    bytes.subarray(0, from),
    bytes.subarray(from, from + length),
    bytes.subarray(from + length),
  ];
  switch (kind) {
    case 'cut':
      return Buffer.concat([head, tail]);
    case 'copy':
      return Buffer.concat([head, part, part, tail]);
    case 'piece':
      return Buffer.concat([head, Buffer.from(piece), bytes.subarray(from)]);
    case 'flip': {
      const copy = Buffer.from(bytes);
      copy[from]! ^= 1 << (length % 8);
      return copy;
    }
  }
}
