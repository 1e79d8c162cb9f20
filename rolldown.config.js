import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * The modules of the package in few files: Node spends a third of a millisecond on each, and there are four hundred. What
 * `package.json` names stays outside, as the versions that are installed and audited.
 */
const SRC = join(import.meta.dirname, 'src');
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));
const packages = Object.keys({ ...dependencies, ...peerDependencies });

/** Where a module lies in the sources, that is where its build would lie: what it finds beside itself is still there. */
const places = {
  name: 'places',
  transform(code, id) {
    if (!id.startsWith(SRC) || !code.includes('import.meta.url')) return null;
    const place = relative(SRC, id).replace(/\.ts$/, '.js');
    return code.replaceAll('import.meta.url', `new URL('./${place}', import.meta.url).href`);
  },
};

/**
 * Node's own modules as they are, not through the names that an import of them lays out: for those every property is asked
 * for, and with one of `node:http` comes its whole client for `fetch`, 14 MB.
 */
const builtins = {
  name: 'builtins',
  renderChunk: (code) =>
    code.replaceAll(
      /^import \{([^}]*)\} from "(node:[\w/]+)";$/gm,
      (_, names, module) => `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`,
    ),
};

/** The program, and what threads start with, each at its place. */
const entries = [
  'main.ts',
  ...globSync('**/*-thread.ts', { cwd: SRC }).filter((path) => !path.endsWith('in-thread.ts')),
];

export default {
  input: Object.fromEntries(entries.map((path) => [path.slice(0, -3), join(SRC, path)])),
  platform: 'node',
  transform: { target: 'esnext' },
  external: (id) => packages.some((name) => id === name || id.startsWith(`${name}/`)),
  plugins: [places, builtins],
  output: {
    dir: 'dist',
    format: 'esm',
    // All in one folder, from which `places` counts.
    chunkFileNames: '[name].js',
    comments: false,
  },
};
