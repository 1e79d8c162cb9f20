import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes the software bill of materials of the package (CycloneDX, JSON): everything that an installation brings, by the lock
 * file, each with version, licence and hash. What is for development only is not in it. `npm sbom` writes it; asked to omit
 * what is for development it omits too much (what both need), so it is asked for all, and what the lock file marks is taken out.
 *
 * Usage: node scripts/sbom.ts [FOLDER]; the file is FOLDER/NAME-VERSION.cdx.json, beside the tarball of `npm pack`.
 */
interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly name?: string; readonly version?: string; readonly dev?: boolean; readonly devOptional?: boolean }
    >
  >;
}
interface Component {
  readonly 'bom-ref': string;
  readonly licenses?: readonly unknown[];
}
interface Bom {
  readonly metadata: { readonly component: Component & { readonly name: string } };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const root = join(import.meta.dirname, '..');
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const { name, version } = read<{ readonly name: string; readonly version: string }>('package.json');
const { packages } = read<Lock>('package-lock.json');

/** `NAME@VERSION` of what is installed with the package. */
const installed = new Set(
  Object.entries(packages).flatMap(([path, entry]) => {
    if (path === '' || entry.dev === true || entry.devOptional === true) return [];
    return [`${entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 13)}@${entry.version}`];
  }),
);

const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const bom = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })) as Bom;
const components = bom.components.filter((component) => installed.has(component['bom-ref']));
const missing = [...installed].filter((ref) => !components.some((component) => component['bom-ref'] === ref));
const unlicensed = components
  .filter(({ licenses = [] }) => licenses.length === 0)
  .map((component) => component['bom-ref']);
if (missing.length > 0) throw new Error(`npm sbom does not list ${missing.join(', ')}: is the lock file up to date?`);
if (unlicensed.length > 0) throw new Error(`no licence is known of ${unlicensed.join(', ')}`);

const kept = new Set([bom.metadata.component['bom-ref'], ...installed]);
const result = {
  ...bom,
  // npm takes the name of the folder.
  metadata: { ...bom.metadata, component: { ...bom.metadata.component, name } },
  components,
  dependencies: bom.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) })),
};
const file = join(process.argv[2] ?? root, `${name}-${version}.cdx.json`);
writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
console.log(`${file}: ${components.length} packages`);
