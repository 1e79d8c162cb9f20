import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';
import config from '../rolldown.config.ts';
import { builtIn } from './built-in.ts';

/**
 * Writes the software bill of materials of the package (CycloneDX, JSON): the packages whose code is built into it, and Node,
 * each with version, licence and hash, by the lock file. What is for development only is not in it.
 *
 * Usage: node scripts/sbom.ts [FOLDER]; the file is FOLDER/NAME-VERSION.cdx.json, beside the tarball of `npm pack`.
 */
interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly name?: string; readonly version?: string; readonly dev?: boolean; readonly optional?: boolean }
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

const { output } = await build({ ...config, write: false });
const optional = Object.entries(packages).flatMap(([path, entry]) =>
  entry.optional === true && path !== '' && entry.dev !== true
    ? [`${entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 13)}@${entry.version}`]
    : [],
);

/** `NAME@VERSION` of what is in the package, or is installed with it. */
const installed = new Set([...builtIn(output).map((one) => `${one.name}@${one.version}`), ...optional]);

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
