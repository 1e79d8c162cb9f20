import { expect, test } from 'vitest';
import { type SourceFile, sourcesBelow } from '../support/source-text.ts';

/** What `serve` needs before it listens: the program, the command, and what that imports once it has its configuration. */
const ENTRIES = [
  'src/main.ts',
  'src/cli/serve.ts',
  'src/cli/serving.ts',
  'src/ledger/sqlite/open.ts',
  'src/ledger/sqlite/writer-thread.ts',
];
const NOT_AT_START =
  /^src\/(?:ledger\/postgres\/(?!name\.ts$)|ledger\/[^/]+\/copy\.ts$|app\/(?:doctor|backtest|replay|copy-store|explain)|cli\/(?!serve\.ts$|serving\.ts$|program\.ts$|completion\.ts$|context\.ts$|lines\.ts$|load\.ts$|option-values\.ts$|standard-streams\.ts$|terminal\.ts$)|replay\/(?!record\.ts$)|http\/(?:openapi|listener|router)\.ts$|forecast\/(?:model|forecast)\.ts$)/;
const PACKAGES = ['commander', 'keyv', 'pino', 'prom-client', 'yaml', 'zod'];

const sources = new Map(sourcesBelow('src').map((file) => [file.path, file]));

/** Files that these load before anything of theirs runs, with who asked first. What they `import()` comes later. */
function loadedBy(entries: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map(entries.map((path) => [path, path]));
  for (const path of found.keys()) {
    for (const { file } of atOnce(sources.get(path))) if (file !== null && !found.has(file)) found.set(file, path);
  }
  return found;
}

function atOnce(file: SourceFile | undefined): SourceFile['imports'] {
  if (file === undefined) return [];
  const later = new Set([...file.code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)].map(([, specifier]) => specifier));
  return file.imports.filter(({ specifier, typeOnly }) => !typeOnly && !later.has(specifier));
}

test('serve loads neither another command nor another engine before it listens', () => {
  const loaded = loadedBy(ENTRIES);
  expect(loaded.size).toBeGreaterThan(200);
  const wrong = [...loaded].filter(([path]) => NOT_AT_START.test(path)).map(([path, by]) => `${path} for ${by}`);
  expect(wrong, 'Every start pays for it: import() it where it is used.').toEqual([]);
});

test('serve loads no package but these', () => {
  const packages = [...loadedBy(ENTRIES).keys()].flatMap((path) =>
    atOnce(sources.get(path)).flatMap(({ packageName }) => packageName ?? []),
  );
  expect([...new Set(packages)].sort(), 'A package costs every start 10 to 100 ms and some megabytes.').toEqual(
    PACKAGES,
  );
});

test('what serve loads while its ledger opens is not loaded before', () => {
  expect([...loadedBy(['src/cli/serve.ts']).keys()].filter((path) => /^src\/(?:app|loop)\.ts$/.test(path))).toEqual([]);
});

test('the thread of the ledger loads no package at all', () => {
  const packages = [...loadedBy(['src/ledger/sqlite/writer-thread.ts']).keys()].flatMap((path) =>
    atOnce(sources.get(path)).flatMap(({ packageName }) => packageName ?? []),
  );
  expect(packages, 'It has a heap of its own: what it loads is held twice.').toEqual([]);
});

test('a command loads what it is only once it is asked for', () => {
  const wrong = [...loadedBy(['src/main.ts']).keys()].filter((path) =>
    /^src\/(?:app|loop|http|config\/load|ledger\/)/.test(path),
  );
  expect(wrong, '`forestall --help` loads it as well: import() it in src/cli/program.ts.').toEqual([]);
});
