import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openForWriting } from '../../src/ledger/sqlite/file.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

/** What a page finds on the machine of its reader, by its path in a home. */
const FOUND: Readonly<Record<string, (folder: string) => void>> = {
  'docs/moving.md': scriptsOfBefore,
  'docs/upgrade.md': (folder) => {
    openForWriting(join(folder, 'data/forestall.db'), true).db.close();
    mkdirSync(join(folder, 'data/remediation-logs'));
  },
};

/** A folder that looks like a checkout, in which a page can be followed without touching the machine. */
export interface DocsHome {
  readonly folder: string;
  readonly config: string;
}

/** The token of a home, which pages call `$TOKEN`, until a page makes another one. */
export const TOKEN = 'a-token-of-the-documentation';

/**
 * The sources are links; everything that a page may write is a copy. Its service listens on a free port, wants the token
 * in `config/token`, and its playbooks are held to the folder `scratch`, whatever a page switches on.
 */
export function makeDocsHome(page?: string): DocsHome {
  const folder = tempDir();
  for (const part of ['alert-rules', 'config', 'deploy', 'docs']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  for (const part of ['src', 'node_modules']) symlinkSync(join(ROOT, part), join(folder, part));
  for (const part of ['bin', 'data', 'etc', 'home', 'scratch', 'tmp', 'var']) mkdirSync(join(folder, part));
  cpSync(join(ROOT, 'bin/forestall'), join(folder, 'bin/forestall'));
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  writeFileSync(join(folder, 'config/token'), `${TOKEN}\n`, { mode: 0o600 });
  const config = join(folder, 'config/forestall.yaml');
  writeFileSync(config, heldBack(readFileSync(config, 'utf8'), folder));
  const prediction = { prediction_type: 'disk_exhaustion', resource: '/', days_until_critical: 8.2, confidence: 0.87 };
  writeFileSync(join(folder, 'data/predictions.json'), JSON.stringify({ predictions: [prediction] }));
  machineOf(folder);
  FOUND[page ?? '']?.(folder);
  return { folder, config };
}

/** Prometheus and Alertmanager with the shipped configuration, and Grafana's folders, where Debian's packages have them. */
function machineOf(folder: string): void {
  for (const path of ['prometheus', 'grafana/provisioning/dashboards', 'grafana/provisioning/datasources']) {
    mkdirSync(join(folder, 'etc', path), { recursive: true });
  }
  for (const file of ['prometheus/prometheus.yml', 'alertmanager/alertmanager.yml']) {
    const text = readFileSync(join(ROOT, 'deploy', file), 'utf8');
    const here = text
      .replaceAll('/etc/prometheus', join(folder, 'etc/prometheus'))
      .replaceAll('/opt/forestall', folder);
    writeFileSync(join(folder, 'etc/prometheus', basename(file)), here);
  }
  writeFileSync(join(folder, 'etc/prometheus/forestall-token'), `${TOKEN}\n`);
}

/** The scripts and files that docs/moving.md begins with. The script empties the folder `scratch`. */
function scriptsOfBefore(folder: string): void {
  const containers = join(folder, 'home/containers');
  const put = (path: string, from: string | object) => {
    mkdirSync(join(containers, path, '..'), { recursive: true });
    if (typeof from === 'string') cpSync(join(ROOT, from), join(containers, path));
    else writeFileSync(join(containers, path), JSON.stringify(from));
  };
  const entry = (prediction_type: string, resource: string, days_until_critical: number, confidence: number) => {
    return { prediction_type, resource, days_until_critical, confidence };
  };
  const predictions = [
    entry('disk_exhaustion', '/', 8.2, 0.85),
    entry('disk_exhaustion', '/mnt/photos', 5, 0.9),
    entry('memory_exhaustion', 'system_memory', 12, 0.8),
  ];
  put('config/proactive-remediation/action-mapping.json', 'test/mapping/fixtures/plan-action-mapping.json');
  put('.claude/analytics/predictions.json', { generated_at: new Date().toISOString(), predictions });
  put('.claude/context/data/issues.json', { total_issues: 1, issues: [{ id: 'ISS-001', title: 'disk full' }] });
  put('.claude/remediation/scripts/apply-remediation.sh', 'test/programs/apply-remediation.sh');
  writeFileSync(join(containers, '.claude/remediation/scripts/target'), join(folder, 'scratch'));
}

function heldBack(config: string, folder: string): string {
  const env: Readonly<Record<string, string>> = {
    'disk-cleanup': `DISK_CLEANUP_STEPS: paths, DISK_CLEANUP_PATHS: ${join(folder, 'scratch')}`,
    'resource-pressure': 'PRESSURE_NEVER: "*", PRESSURE_SAMPLE_SECONDS: "1"',
    'drift-reconciliation': 'DRIFT_NEVER: "*"',
  };
  let text = replaced(config, 'listen: 127.0.0.1:9096', 'listen: 127.0.0.1:0\n  bearer_token_file: token');
  for (const [playbook, values] of Object.entries(env)) {
    text = replaced(text, `\n  ${playbook}:\n`, `\n  ${playbook}:\n    env: { ${values} }\n`);
  }
  return text;
}

function replaced(text: string, old: string, by: string): string {
  if (text.split(old).length !== 2) throw new Error(`config/forestall.yaml does not hold ${JSON.stringify(old)} once`);
  return text.replace(old, () => by);
}

/** What the pages call by these names lies in a home; the longer place of two comes first. */
function placesOf({ folder }: Pick<DocsHome, 'folder'>): readonly (readonly [name: string, place: string])[] {
  const inside = ['etc', 'var', 'tmp', 'home'].map((name) => [`/${name}/`, `${folder}/${name}/`] as const);
  return [...inside, ['/opt/forestall', folder]];
}

/** A text of a page, with the places of a home. */
export function here(home: Pick<DocsHome, 'folder'>, text: string): string {
  return replacedAll(text, placesOf(home));
}

/** What was printed in a home, as a page tells it. */
export function told(home: Pick<DocsHome, 'folder'>, text: string): string {
  return replacedAll(
    text,
    placesOf(home).map(([name, place]) => [place, name]),
  );
}

/** Replaces in one pass: what was put in is not looked at again. */
function replacedAll(text: string, pairs: readonly (readonly [string, string])[]): string {
  const pattern = pairs.map(([old]) => old.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return text.replace(new RegExp(`(?<![\\w.~])(?:${pattern})`, 'g'), (old) => pairs.find(([from]) => from === old)![1]);
}
