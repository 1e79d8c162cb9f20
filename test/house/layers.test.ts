import { describe, expect, test } from 'vitest';
import { type ImportedModule, parseSource, type SourceFile, sourcesBelow } from '../support/source-text.ts';

const PURE = ['accuracy', 'alert', 'prediction', 'forecast', 'mapping', 'decision', 'execution', 'doctor', 'replay'];
const EFFECTS = ['ledger', 'safety', 'playbook', 'sources', 'report', 'prometheus'];
const ABOVE = ['main', 'cli', 'app', 'http', 'loop', 'config', 'lifecycle', 'logger', 'version'];

/** The room a file lies in: the folder below src/, or the name of a file directly in it (`app.ts`: app). */
function roomOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '');
}

const LEDGER = 'src/ledger/ledger.ts';

/** What Node lacks, for whoever does effects: knows nothing of Forestall. */
const FOUNDATION = ['thread', 'in-turns'];

/** Files of nothing but types that any room above the pure ones may name, with `import type`. */
const SHAPES = ['src/config/config.ts', 'src/logger.ts'];
const isShape = ({ file, typeOnly }: ImportedModule) => file !== null && SHAPES.includes(file) && typeOnly;

/** The errors of the store are classes: whoever answers them has to import them. */
const onlyErrors = ({ names }: ImportedModule) =>
  names?.every((name) => ['LedgerUnavailable', 'LedgerUnusable'].includes(name)) === true;

interface Rule {
  readonly rooms: readonly string[];
  readonly allows: (imported: ImportedModule & { readonly room: string | null }, file: SourceFile) => boolean;
  /** What to do instead. */
  readonly instead: string;
}

const RULES: readonly Rule[] = [
  {
    rooms: ['logger'],
    allows: () => false,
    instead: 'logger.ts says what the parts need of a log, and is types only.',
  },
  {
    rooms: FOUNDATION,
    allows: ({ room }) => room === null,
    instead: 'What stands below every room with effects imports none.',
  },
  {
    rooms: PURE,
    allows: ({ room, packageName }) => (room === null ? packageName === 'zod' : PURE.includes(room)),
    instead:
      'A pure room imports only zod and other pure rooms: take what you need (time, file contents, an answer) as an argument, and let loop.ts or app.ts fetch it.',
  },
  {
    rooms: EFFECTS,
    allows: (imported, from) =>
      imported.room === null ||
      imported.room === roomOf(from.path) ||
      PURE.includes(imported.room) ||
      FOUNDATION.includes(imported.room) ||
      isShape(imported),
    instead:
      'A room with effects never imports another one: declare the function that you need as an option of your factory, and let app.ts hand it in. A shape that both need belongs into a pure room (execution/). Of config/ only the types of config.ts may be named, of the log those of logger.ts, with `import type`.',
  },
  {
    rooms: ['config'],
    allows: ({ room }) => room === null || room === 'config' || PURE.includes(room),
    instead:
      'Configuration is read before any room exists: config/ imports pure rooms only. Move the shape that you need into one.',
  },
  {
    rooms: ['http'],
    allows: (imported) =>
      imported.room === null ||
      imported.room === 'http' ||
      PURE.includes(imported.room) ||
      FOUNDATION.includes(imported.room) ||
      (imported.room === 'loop' && imported.typeOnly) ||
      (imported.file === LEDGER && (imported.typeOnly || onlyErrors(imported))) ||
      isShape(imported),
    instead:
      'http/ knows the types of the loop and of ledger/ledger.ts (and its errors) and nothing below: add a port to HttpOptions and let app.ts fulfil it.',
  },
  {
    rooms: ['loop'],
    allows: (imported) =>
      imported.room === null ||
      ['loop', ...PURE, ...EFFECTS, ...FOUNDATION].includes(imported.room) ||
      isShape(imported),
    instead: 'The loop orders the rooms below it and knows neither http/ nor the app: take what you need as an option.',
  },
  {
    rooms: ['app'],
    allows: ({ room }) => room !== 'cli' && room !== 'main',
    instead:
      'The app is put together without knowing the command line: return what a command needs, and let cli/ print it.',
  },
  {
    rooms: ['cli'],
    allows: ({ room }) => room !== 'main',
    instead: 'main.ts imports cli/, not the other way round: move what both need into cli/.',
  },
  {
    rooms: ['lifecycle', 'version'],
    allows: ({ room, packageName }) => room === null && packageName === null,
    instead:
      'A helper of the app and the command line imports nothing of the house: take what you need as an argument.',
  },
  {
    rooms: ['main'],
    allows: ({ room, packageName }) => room === 'cli' || (room === null && packageName === null),
    instead: 'main.ts turns arguments, signals and the exit code into one call of cli/: move the rest there.',
  },
];

const files = sourcesBelow('src');

/** What of a file's imports the rule of its room refuses. */
function refused(file: SourceFile): string[] {
  const rule = RULES.find(({ rooms }) => rooms.includes(roomOf(file.path)))!;
  return roomsImportedBy(file)
    .filter((imported) => !rule.allows(imported, file))
    .map((imported) => `${file.path} imports ${imported.specifier}`);
}

function roomsImportedBy(file: SourceFile) {
  return file.imports.map((imported) => ({ ...imported, room: imported.file === null ? null : roomOf(imported.file) }));
}

test('every file lies in a room that has a rule', () => {
  const known = [...FOUNDATION, ...PURE, ...EFFECTS, ...ABOVE];
  expect(RULES.flatMap((rule) => rule.rooms).sort()).toEqual(known.toSorted());
  const lost = files.filter((file) => !known.includes(roomOf(file.path)));
  expect(
    lost.map((file) => file.path),
    'Put it into a room, or add the room to the rules here and to docs/architecture.md.',
  ).toEqual([]);
});

describe.each(RULES.flatMap((rule) => rule.rooms.map((room) => [room, rule] as const)))('%s', (room, rule) => {
  test('imports only what its layer allows', () => {
    const wrong = files.filter((file) => roomOf(file.path) === room).flatMap(refused);
    expect(wrong, rule.instead).toEqual([]);
  });
});

test.each([
  ['src/decision/a.ts', "import { z } from 'zod';", true],
  ['src/decision/a.ts', "import type { M } from '../mapping/mapping.ts';", true],
  ['src/decision/a.ts', "import { join } from 'node:path';", false],
  ['src/decision/a.ts', "import { stringify } from 'yaml';", false],
  ['src/decision/gates/a.ts', "import type { L } from '../../ledger/ledger.ts';", false],
  ['src/ledger/sqlite/a.ts', "import { decide } from '../../decision/decide.ts';", true],
  ['src/ledger/a.ts', "import { open } from 'node:fs/promises';", true],
  ['src/safety/a.ts', "import { runCommand } from '../playbook/spawn.ts';", false],
  ['src/safety/a.ts', "import type { FactConfig } from '../config/config.ts';", true],
  ['src/safety/a.ts', "import { loadConfig } from '../config/load.ts';", false],
  ['src/report/a.ts', "import type { Ledger } from '../ledger/ledger.ts';", false],
  ['src/http/a.ts', "import type { Ledger } from '../ledger/ledger.ts';", true],
  ['src/http/a.ts', "import { LedgerUnavailable } from '../ledger/ledger.ts';", true],
  ['src/http/a.ts', "import { openSqliteLedger } from '../ledger/sqlite/open.ts';", false],
  ['src/http/a.ts', "import { createLoop } from '../loop.ts';", false],
  ['src/loop/a.ts', "import { createHttpServer } from '../http/server.ts';", false],
  ['src/app/a.ts', "import { main } from '../cli/program.ts';", false],
  ['src/main.ts', "import { main } from './cli/program.ts';", true],
  ['src/main.ts', "import { createApp } from './app.ts';", false],
] as const)('%s: %s', (path, text, allowed) => {
  expect(refused(parseSource(path, `${text}\n`))).toHaveLength(allowed ? 0 : 1);
});

/** What only some files may do, wherever the layers allow it. */
const KEEPERS: readonly {
  readonly what: string;
  readonly uses: (imported: ImportedModule) => boolean;
  readonly keepers: RegExp;
  readonly instead: string;
}[] = [
  {
    what: 'starts processes',
    uses: ({ specifier, packageName }) => packageName === 'execa' || /^(?:node:)?child_process$/.test(specifier),
    keepers: /^src\/playbook\/spawn\.ts$|^src\/cli\/demo/,
    instead: 'Only src/playbook/spawn.ts starts processes (and the demo its programs): take runCommand as an option.',
  },
  {
    what: 'imports prom-client',
    uses: ({ packageName }) => packageName === 'prom-client',
    keepers: /^src\/report\/metrics/,
    instead: 'Every metric is defined in src/report/metrics*: add yours there and report an event.',
  },
  {
    what: 'knows the database',
    uses: ({ specifier }) => specifier === 'node:sqlite',
    keepers: /^src\/ledger\/sqlite\//,
    instead: 'SQL for an engine lives in its folder below src/ledger: add a method to the store interface.',
  },
  {
    what: 'knows the database server',
    uses: ({ packageName }) => packageName === 'pg',
    keepers: /^src\/ledger\/postgres\//,
    instead: 'SQL for an engine lives in its folder below src/ledger: add a method to the store interface.',
  },
];

test.each(KEEPERS.map((keeper) => [keeper.what, keeper] as const))(
  'only its keepers: %s',
  (_what, { uses, keepers, instead }) => {
    const wrong = files.filter((file) => !keepers.test(file.path) && file.imports.some(uses));
    expect(
      wrong.map((file) => file.path),
      instead,
    ).toEqual([]);
  },
);

test('Discord is named in its own files and in the report policy only', () => {
  const wrong = files.filter(
    (file) => /discord(?:app)?\.com/i.test(file.code) && !/^src\/report\/discord/.test(file.path),
  );
  expect(
    wrong.map((file) => file.path),
    'Only src/report/discord* speaks to Discord: send it a subject.',
  ).toEqual([]);
});

test('no shell is started, whatever for (fault 2)', () => {
  const shells =
    /\bshell:\s*(?:true\b|['"`])|\bexec(?:Sync)?\(|['"`](?:\/(?:usr\/)?bin\/)?(?:sh|bash|dash|zsh)['"`],\s*\[?\s*['"`]-/;
  const wrong = files.filter((file) => shells.test(file.code.replace(/\.exec\(/g, '(')));
  expect(
    wrong.map((file) => file.path),
    'A program is started by its path with one argument a value: src/playbook/spawn.ts.',
  ).toEqual([]);
  expect(files.find(({ path }) => path === 'src/playbook/spawn.ts')?.code).toContain('shell: false');
});

test('pure rooms have no clock, no randomness, no process', () => {
  const impure =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bMath\.random\b|\bprocess\b\s*[.[]|\bperformance\.|\bcrypto\.|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(|\bglobalThis\b|\bconsole\./;
  const wrong = files
    .filter((file) => PURE.includes(roomOf(file.path)))
    .flatMap((file) =>
      file.bare.split('\n').flatMap((line, at) => (impure.test(line) ? [`${file.path}:${at + 1} ${line.trim()}`] : [])),
    );
  expect(wrong, 'Time, randomness and the outside are arguments in a pure room.').toEqual([]);
});

test('no file imports itself over others', () => {
  const imports = new Map(files.map((file) => [file.path, file.imports.flatMap(({ file: target }) => target ?? [])]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: readonly string[]) => {
    const seenAt = way.indexOf(path);
    if (seenAt >= 0) cycles.push([...way.slice(seenAt), path].join(' -> '));
    if (seenAt >= 0 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  expect(cycles, 'Move what both need into a third file.').toEqual([]);
});

test('every relative import names a file that is there', () => {
  const known = new Set(files.map((file) => file.path));
  const wrong = files.flatMap((file) =>
    file.imports
      .filter(({ file: target }) => target?.endsWith('.ts') && !known.has(target))
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});
