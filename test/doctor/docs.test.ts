import { expect, test } from 'vitest';
import { readText, sourcesBelow } from '../support/source-text.ts';

/** Every finding that can be other than `ok`: its kinds by its id, as the sources make it. */
function foundInSources(): Map<string, Set<string>> {
  const kinds = new Map<string, Set<string>>();
  for (const { path } of sourcesBelow('src/doctor')) {
    for (const [, kind, id] of readText(path).matchAll(/\b(broken|warning|note)\(\s*'([a-z-]+)'/g)) {
      kinds.set(id!, (kinds.get(id!) ?? new Set()).add(kind!));
    }
  }
  return kinds;
}

test('docs/doctor.md lists every finding with its kinds, and no other', () => {
  const rows = [...readText('docs/doctor.md').matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \| ([a-z, ]+) \|/gm)];
  const documented = rows.flatMap(([, ids, kinds]) =>
    [...ids!.matchAll(/`([a-z-]+)`/g)].map(([, id]) => [id!, kinds!.split(', ').sort()] as const),
  );
  const found = [...foundInSources()].map(([id, kinds]) => [id, [...kinds].sort()] as const);
  const byId = (one: readonly [string, unknown], other: readonly [string, unknown]) => (one[0] < other[0] ? -1 : 1);
  expect(documented.toSorted(byId)).toEqual(found.toSorted(byId));
});
