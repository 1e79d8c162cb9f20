import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin, RolldownOptions } from 'rolldown';
import { notices } from './scripts/built-in.ts';

/**
 * The program with the packages that it imports, in few files: Node spends a third of a millisecond on each, and in an
 * installation without this there are seven hundred. Only `pg` stays outside, which whoever needs it installs.
 */
const SRC = join(import.meta.dirname, 'src');

/** Where a module lies in the sources, that is where its build would lie: what it finds beside itself is still there. */
const places: Plugin = {
  name: 'places',
  transform(code, id) {
    if (!id.startsWith(SRC) || !code.includes('import.meta.url')) return null;
    const place = relative(SRC, id).replace(/\.ts$/, '.js');
    return code
      .replaceAll('createRequire(import.meta.url)(', 'require(')
      .replaceAll('import.meta.url', `new URL('./${place}', import.meta.url).href`);
  },
};

/**
 * Node's own modules as they are, not through the names that an import of them lays out: for those every property is asked
 * for, and with one of `node:http` comes its whole client for `fetch`, 14 MB.
 */
const builtins: Plugin = {
  name: 'builtins',
  renderChunk: (code) =>
    code.replaceAll(
      /^import \{([^}]*)\} from "(node:[\w/]+)";$/gm,
      (_line, names: string, module: string) =>
        `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`,
    ),
};

/** What is loaded at one time in the life of a process, by the module that asks for it. */
const TIMES = {
  program: 'main.ts',
  writer: 'ledger/sqlite/writer-thread.ts',
  config: 'cli/load.ts',
  ledger: 'ledger/sqlite/open.ts',
  serve: 'cli/serve.ts',
  serving: 'cli/serving.ts',
  listener: 'http/listener.ts',
  forecast: 'prometheus/range/forecast-thread.ts',
};
/** The part of the graph of modules that is asked here. */
interface Graph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[]; readonly isEntry: boolean } | null;
}

const loaded = new Map<string, ReadonlySet<string>>();

/** All that a module imports before it runs. */
function loadedWith(path: string, graph: Graph): ReadonlySet<string> {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const found = new Set([join(SRC, path)]);
  for (const id of found) for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  loaded.set(path, found);
  return found;
}

/** Modules that are loaded at the same times share a file; an entry waits for what it imports, and stays its own. */
function fileOf(id: string, graph: Graph): string | null {
  if (graph.getModuleInfo(id)?.isEntry) return null;
  const times = Object.entries(TIMES).filter(([, path]) => loadedWith(path, graph).has(id));
  return times.length === 0 ? null : times.map(([time]) => time).join('-');
}

/** The program, and what threads start with, each at its place. */
const entries = [
  'main.ts',
  ...globSync('**/*-thread.ts', { cwd: SRC }).filter((path) => !path.endsWith('in-thread.ts')),
];

export default {
  input: Object.fromEntries(entries.map((path) => [path.slice(0, -3), join(SRC, path)])),
  platform: 'node',
  // No module is moved to where something else would load it too.
  preserveEntrySignatures: 'allow-extension',
  transform: { target: 'esnext' },
  external: (id) => id === 'pg' || id.startsWith('pg/'),
  plugins: [places, builtins, notices],
  output: {
    dir: 'dist',
    format: 'esm',
    // All in one folder, from which `places` counts.
    chunkFileNames: '[name].js',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ debugName: 'times', name: fileOf, test: () => true }],
    },
    comments: false,
    // A string with one character beyond them takes twice the memory, the source of a module too.
    charset: 'ascii',
  },
} satisfies RolldownOptions;
