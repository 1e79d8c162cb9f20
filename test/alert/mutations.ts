import fc from 'fast-check';
import { payload, payloadNames } from './bodies.ts';

const NOT_JSON = ['bad-cut-off-json', 'bad-empty-body', 'bad-invalid-utf8', 'bad-two-documents'];

export const ODD_VALUES: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1e308,
    true,
    [],
    {},
    [[]],
    'firing',
    'NaN',
    '\u0000',
    '\ud800',
    '__proto__',
    'x'.repeat(70_000),
  ),
  fc.constant(JSON.parse('{"__proto__":{"status":"firing"}}') as unknown),
  fc.jsonValue({ maxDepth: 2 }),
);

/** The bodies on file that are JSON. */
export function readableNames(): readonly string[] {
  return payloadNames().filter((name) => !NOT_JSON.includes(name));
}

/** One of the bodies on file with one of its values, at any depth, replaced or left out. */
export function mutatedBody(): fc.Arbitrary<unknown> {
  return mutated(fc.constantFrom(...readableNames().map(payload)), 1);
}

/** Documents with up to `most` of their values, at any depth, replaced or left out. */
export function mutated(documents: fc.Arbitrary<unknown>, most: number): fc.Arbitrary<unknown> {
  const changes = fc.array(
    fc.record({
      choices: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      value: ODD_VALUES,
      leaveOut: fc.boolean(),
    }),
    { minLength: 1, maxLength: most },
  );
  return fc.tuple(documents, changes).map(([document, all]) => {
    const copy = structuredClone(document);
    for (const { choices, value, leaveOut } of all) replaceWithin(copy, choices, structuredClone(value), leaveOut);
    return copy;
  });
}

function replaceWithin(node: unknown, choices: readonly number[], value: unknown, leaveOut: boolean): void {
  if (typeof node !== 'object' || node === null) return;
  const keys = Object.keys(node);
  const key = keys[(choices[0] ?? 0) % Math.max(1, keys.length)];
  if (key === undefined) return;
  const parent = node as Record<string, unknown>;
  const child = parent[key];
  if (choices.length > 1 && typeof child === 'object' && child !== null) {
    replaceWithin(child, choices.slice(1), value, leaveOut);
  } else if (leaveOut) {
    delete parent[key];
  } else {
    Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
  }
}
