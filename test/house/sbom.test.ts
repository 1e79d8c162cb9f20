import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ROOT, readText, sourcesBelow } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

interface Entry {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const manifest = JSON.parse(readText('package.json')) as {
  readonly name: string;
  readonly version: string;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
const { packages } = JSON.parse(readText('package-lock.json')) as { packages: Readonly<Record<string, Entry>> };

/** Where a package finds another one: beside its own dependencies, then further up. */
function resolved(from: string, name: string): string | null {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (path in packages) return path;
    if (!at.includes('/node_modules/')) {
      const top = `node_modules/${name}`;
      return top in packages ? top : null;
    }
  }
}

/** Paths of all that these packages may bring, found by walking from them; what only lies beside another is left out. */
function reachable(from: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = packages[path]!;
    const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) add(path, name);
  };
  const add = (by: string, name: string) => {
    const path = resolved(by, name);
    if (path === null || found.has(path)) return;
    found.add(path);
    visit(path);
  };
  for (const name of from) add('', name);
  return found;
}

const runtimes = Object.keys(manifest.optionalDependencies);
const imported = [
  ...new Set(sourcesBelow('src').flatMap(({ imports }) => imports.flatMap(({ packageName }) => packageName ?? []))),
].filter((name) => name !== 'pg');
/** What can be in the package, or be installed with it. */
const possible = reachable([...imported, ...runtimes]);

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

let text: string;
let bom: any;
beforeAll(() => {
  const folder = tempDir();
  execFileSync(process.execPath, [join(ROOT, 'scripts/sbom.ts'), folder], { encoding: 'utf8', timeout: 60_000 });
  text = readFileSync(join(folder, `${manifest.name}-${manifest.version}.cdx.json`), 'utf8');
  bom = JSON.parse(text);
});

test('lists every package that is built in, and Node, with version, licence and hash, and no other', () => {
  const known = [...possible].map((path) => {
    const { version, license, integrity } = packages[path]!;
    const hash = Buffer.from(integrity!.replace(/^sha512-/, ''), 'base64').toString('hex');
    return [nameOf(path), version, license, hash].join(' ');
  });
  const listed: readonly string[] = bom.components.map((one: any) =>
    [
      one.name,
      one.version,
      one.licenses.map(({ license, expression }: any) => license?.id ?? license?.name ?? expression).join(' '),
      one.hashes.find(({ alg }: any) => alg === 'SHA-512').content,
    ].join(' '),
  );
  expect(listed.filter((line) => !known.includes(line))).toEqual([]);
  const names = listed.map((line) => line.split(' ')[0]!);
  expect(names).toEqual(expect.arrayContaining([...imported, ...runtimes]));
  expect(names.length).toBeGreaterThan(30);
});

test('is about this package, and of every package it lists it says what that needs', () => {
  const { component } = bom.metadata;
  expect(component).toMatchObject({ type: 'application', name: manifest.name, version: manifest.version });
  expect(component.licenses).toEqual([{ license: { id: 'Apache-2.0' } }]);
  const refs = bom.components.map((one: any) => one['bom-ref']);
  expect(bom.dependencies.map(({ ref }: any) => ref).sort()).toEqual([component['bom-ref'], ...refs].sort());
  for (const { dependsOn } of bom.dependencies) expect(refs).toEqual(expect.arrayContaining(dependsOn));
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.\d$/) });
});

test('names no registry and no path of the machine that it was written on', () => {
  expect([...new Set([...text.matchAll(/\bhttps?:\/\/([^/"]+)/g)].map(([, host]) => host))]).toEqual(['cyclonedx.org']);
  expect(text).not.toContain(ROOT);
  expect(text).not.toContain('resolved');
});

test('what is built in has the licences that go with Apache-2.0', () => {
  const licences = new Set([...possible].map((path) => packages[path]!.license));
  expect([...licences].sort()).toEqual(['Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT']);
  for (const path of possible) {
    const file = join(ROOT, path, 'package.json');
    // Of Node for the other processor nothing is here.
    if (existsSync(file))
      expect([path, JSON.parse(readFileSync(file, 'utf8')).license]).toEqual([path, packages[path]!.license]);
  }
});
