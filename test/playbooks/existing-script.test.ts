import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { PlaybookConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Phase } from '../../src/playbook/output.ts';
import { runPhase } from '../../src/playbook/phase.ts';
import { permittingPrediction } from '../support/decision.ts';
import { createFileSystem } from './file-system.ts';
import { playbookFolder, runPlaybook } from './programs.ts';

/** A script as homelabs have them: it prints, it exits 0 whether or not there was something to do, it writes no result. */
const SCRIPT = `#!/bin/bash
set -euo pipefail
dry=no
while (($#)); do
  case $1 in
    --playbook) playbook=$2; shift 2 ;;
    --service) service=$2; shift 2 ;;
    --dry-run) dry=yes; shift ;;
    *) echo "unknown: $1" >&2; exit 64 ;;
  esac
done
echo "$playbook \${service:-} dry=$dry" >>"\${0%/*}/calls"
echo -e "\\033[0;32m[SUCCESS]\\033[0m $playbook"
if [[ $playbook == fails ]]; then exit 3; fi
target=\${0%/*}/cache
if [[ ! -d $target ]] || [[ -z $(ls -A "$target") ]]; then echo "Nothing to do"; exit 0; fi
if [[ $dry == no ]]; then rm -f "$target"/*; fi
`;

let folder: string;
let script: string;
const calls = () => readFileSync(join(folder, 'calls'), 'utf8').split('\n').filter(Boolean);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'existing-'));
  script = join(folder, 'apply-remediation.sh');
  writeFileSync(script, SCRIPT);
  chmodSync(script, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The documented lines, as they stand, with the path of this script; loaded as the service loads them. */
function documented(name: string, has = 'apply-remediation.sh'): PlaybookConfig {
  const blocks =
    readFileSync(join(import.meta.dirname, '../../docs/playbooks.md'), 'utf8').match(/```yaml\n[^`]*```/g) ?? [];
  const block = blocks.find((text) => text.includes(has) && text.includes(`  ${name}:`)) ?? '';
  const lines = block.split('\n').slice(1, -1);
  expect(lines.length).toBe(5);
  const playbooks = parse(
    lines
      .join('\n')
      .replaceAll('/opt/remediation/apply-remediation.sh', script)
      .replaceAll('playbooks/measured', join(playbookFolder, 'measured')),
  );
  const mapping = {
    version: '1.0',
    mappings: [
      {
        prediction_type: 'any',
        resource_filter: '*',
        conditions: { min_confidence: 0.8 },
        action: {
          playbook: name,
          version: playbooks.playbooks[name].version,
          max_executions_per_week: 5,
          cooldown_hours: 1,
        },
        safety_checks: [],
      },
    ],
    global_settings: { enable_auto_remediation: true },
  };
  writeFileSync(join(folder, 'forestall.yaml'), JSON.stringify({ ...playbooks, mapping: 'mapping.json' }));
  writeFileSync(join(folder, 'mapping.json'), JSON.stringify(mapping));
  const loaded = loadConfig({ file: join(folder, 'forestall.yaml'), env: {}, home: folder });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const found = Object.values(loaded.config.playbooks).find((playbook) => playbook.name === name);
  if (found === undefined) throw new Error(`no playbook ${name}`);
  return found;
}

const phase = (playbook: PlaybookConfig, which: Phase, resource: string) =>
  runPhase({
    execution_id: `EX-${which}`,
    phase: which,
    playbook,
    prediction: permittingPrediction({ resource }),
    parameters: {},
    log_dir: join(folder, 'logs'),
  });

describe('an existing script', { timeout: 120_000 }, () => {
  test('runs from five lines of configuration, unchanged, with --dry-run and --service', async () => {
    const playbook = documented('drift-reconciliation');
    expect(await phase(playbook, 'dry_run', 'jellyfin')).toMatchObject({ exit_code: 0, result: null, error: null });
    expect(await phase(playbook, 'run', 'jellyfin')).toMatchObject({ exit_code: 0, result: null, error: null });
    expect(calls()).toEqual(['drift-reconciliation jellyfin dry=yes', 'drift-reconciliation jellyfin dry=no']);
    expect(await phase(playbook, 'run', '--help')).toMatchObject({ exit_code: null });
    expect(calls().length).toBe(2);
  });

  test('measured: what it freed is what the file system says, "nothing to do" with exit 0 included', async () => {
    const playbook = documented('disk-cleanup', 'playbooks/measured');
    const fs = await createFileSystem('tmpfs');
    try {
      const inside = join(fs.root, 'apply-remediation.sh');
      writeFileSync(fs.at('apply-remediation.sh'), SCRIPT);
      chmodSync(fs.at('apply-remediation.sh'), 0o755);
      writeFileSync(fs.at('calls'), '-'.repeat(200));
      mkdirSync(fs.at('cache'));
      writeFileSync(fs.at('cache/a'), Buffer.alloc(100_000));
      const run = (...more: string[]) =>
        fs.playbook('measured', [fs.root, inside, '--playbook', 'disk-cleanup', ...more], { env: {} });
      const used = fs.usedBytes();
      expect(run('--dry-run')).toMatchObject({ status: 0, result: null });
      expect(fs.usedBytes()).toBe(used);
      const first = run();
      expect(first).toMatchObject({ status: 0, result: { changes: 1, freed_bytes: used - fs.usedBytes() } });
      expect(first.result?.freed_bytes).toBe(102_400);
      const second = run();
      expect(second).toMatchObject({ status: 0, result: { changes: 0, freed_bytes: 0 } });
      expect(second.stdout).toContain('Nothing to do');
      const left = fs.usedBytes();
      expect(second.result?.summary).toBe(
        `"apply-remediation.sh" freed nothing: ${left} bytes in use before, ${left} after`,
      );
    } finally {
      await fs.stop();
    }
    // And from the documented lines, through the service's own way of starting a playbook.
    expect(await phase(playbook, 'dry_run', folder)).toMatchObject({ exit_code: 0, result: null });
    expect(await phase(playbook, 'run', folder)).toMatchObject({
      exit_code: 0,
      result: { changes: expect.any(Number) },
    });
    expect(calls()).toEqual(['disk-cleanup  dry=yes', 'disk-cleanup  dry=no']);
  });

  test('measured: a failure stays one, a result of its own stays its own', () => {
    expect(runPlaybook('measured', [folder, script, '--playbook', 'fails']).status).toBe(3);
    const own = join(folder, 'own');
    writeFileSync(own, `#!/bin/sh\necho '{"summary":"mine","changes":7}' >"$FORESTALL_RESULT_FILE"\n`);
    chmodSync(own, 0o755);
    expect(runPlaybook('measured', [folder, own]).result).toEqual({ summary: 'mine', changes: 7 });
    expect(statSync(own).isFile()).toBe(true);
  });

  test.each([
    [[]],
    [['/tmp']],
    [['relative', '/bin/true']],
    [['/tmp', 'true']],
    [['/nowhere', '/bin/true']],
    [['-x', '/bin/true']],
  ])('measured refuses %j', (args) => expect(runPlaybook('measured', args)).toMatchObject({ status: 2, result: null }));
});
