import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runPhase } from '../../src/playbook/phase.ts';
import { ansiblePlaybook, withAnsible } from '../support/ansible.ts';
import { permittingPrediction } from '../support/decision.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

/** A checkout's `config` and `deploy` that nobody else can write, whatever its umask, and an inventory of this machine. */
function checkout(vars: Readonly<Record<string, unknown>>) {
  const folder = tempDir();
  for (const part of ['config/playbooks', 'deploy/ansible', 'deploy/systemd']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  spawnSync('chmod', ['-R', 'go-w', folder]);
  const inventory = join(folder, 'hosts.json');
  const all = { ansible_connection: 'local', ansible_python_interpreter: '/usr/bin/python3', ...vars };
  writeFileSync(inventory, JSON.stringify({ all: { vars: all, hosts: { web1: {} } } }));
  return { folder, inventory, play: (name: string) => join(folder, 'deploy/ansible', name) };
}

interface Counts {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
}

function countsOf(args: readonly string[]): Counts & { readonly output: string } {
  const { stdout, stderr } = spawnSync('ansible-playbook', args, {
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: tempDir(),
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_PIPELINING: 'True',
      LC_ALL: 'C.UTF-8',
    },
  });
  const [, ok, changed, failed] = /ok=(\d+) +changed=(\d+) .*failed=(\d+)/.exec(stdout) ?? [];
  return { ok: Number(ok), changed: Number(changed), failed: Number(failed), output: stdout + stderr };
}

describe.skipIf(!withAnsible)('deploy/ansible/install.yml', { timeout: 240_000 }, () => {
  const target = tempDir();
  const { folder, inventory, play } = checkout({
    forestall_timer_home: join(target, 'opt'),
    forestall_timer_units: join(target, 'units'),
  });
  const run = (...more: string[]) => countsOf(['--inventory', inventory, '--diff', ...more, play('install.yml')]);
  let checked: Counts;

  beforeAll(() => {
    checked = run('--check');
  });

  it('says in check mode what it would change, and changes nothing', () => {
    expect(checked).toMatchObject({ failed: 0 });
    expect(checked.changed).toBeGreaterThan(0);
    expect(existsSync(join(target, 'opt'))).toBe(false);
  });

  it('changes just that, and a second time nothing', () => {
    expect(run()).toMatchObject({ changed: checked.changed, failed: 0 });
    const second = run();
    expect(second).toMatchObject({ changed: 0, failed: 0 });
    expect(second.output).toContain('the timer is not started');
  });

  it('brings the playbooks as they are, and units that name their place', () => {
    for (const part of ['', 'lib']) {
      const [from, to] = [join(folder, 'config/playbooks', part), join(target, 'opt/config/playbooks', part)];
      expect(readdirSync(to)).toEqual(readdirSync(from));
      for (const name of readdirSync(from).filter((entry) => entry !== 'lib')) {
        expect(readFileSync(join(to, name), 'utf8')).toBe(readFileSync(join(from, name), 'utf8'));
        const isProgram = (path: string) => (statSync(path).mode & 0o100) !== 0;
        expect(isProgram(join(to, name)), name).toBe(isProgram(join(from, name)));
      }
    }
    expect(readdirSync(join(target, 'units'))).toEqual(['forestall-run.service', 'forestall-run.timer']);
    const unit = readFileSync(join(target, 'units/forestall-run.service'), 'utf8');
    expect(unit).toContain(`ExecStart=${join(target, 'opt')}/bin/forestall run`);
    expect(unit).not.toContain('/opt/forestall');
    expect(unit.replaceAll(join(target, 'opt'), '/opt/forestall')).toBe(
      readFileSync(join(folder, 'deploy/systemd/forestall-run.service'), 'utf8'),
    );
  });
});

describe.skipIf(!withAnsible)('the role disk_cleanup', { timeout: 240_000 }, () => {
  const scratch = tempDir();
  const old = new Date(Date.now() - 40 * 86_400_000);
  mkdirSync(join(scratch, 'in'));
  for (const [name, days] of [
    ['one', 40],
    ['in/two', 40],
    ['in/young', 0],
  ] as const) {
    writeFileSync(join(scratch, name), 'x'.repeat(5000));
    if (days > 0) utimesSync(join(scratch, name), old, old);
  }
  const { inventory, play } = checkout({
    disk_cleanup_environment: {
      DISK_CLEANUP_STEPS: 'paths',
      DISK_CLEANUP_PATHS: scratch,
      DISK_CLEANUP_TARGET_PERCENT: '0',
    },
  });
  const ansible = {
    playbook: play('disk-cleanup.yml'),
    inventory,
    extra_vars: { disk_cleanup_path: '{resource}' },
  };
  const log_dir = tempDir();
  const phase = (phase: 'dry_run' | 'run', id: string, resource = scratch) =>
    runPhase({
      execution_id: id,
      phase,
      playbook: ansiblePlaybook(ansible, { env: { ANSIBLE_PIPELINING: 'True' } }),
      prediction: permittingPrediction({ host: 'web1', resource }),
      parameters: {},
      log_dir,
    });
  const listed = (id: string, phase: string) =>
    readFileSync(join(log_dir, `${id}.${phase}.log`), 'utf8').match(/plan: .*|^ +"? *\\"\/.*/gm);

  it('removes what its check promised, by the same listing, and then finds nothing', async () => {
    const promised = await phase('dry_run', 'a');
    expect(promised).toMatchObject({ error: null, result: { changes: 2 } });
    expect(promised.result?.freed_bytes).toBeGreaterThanOrEqual(10_000);
    expect(existsSync(join(scratch, 'one'))).toBe(true);
    const done = await phase('run', 'a');
    expect(done).toMatchObject({ error: null, result: { changes: 2, freed_bytes: promised.result?.freed_bytes } });
    expect(done.result?.summary).toMatch(/^freed .* by removing 2 items/);
    expect(listed('a', 'run')).toEqual(listed('a', 'dry_run'));
    expect(listed('a', 'run')).toHaveLength(3);
    expect([existsSync(join(scratch, 'one')), existsSync(join(scratch, 'in/young'))]).toEqual([false, true]);
    expect(await phase('dry_run', 'b')).toMatchObject({ error: null, result: { changes: 0 } });
  });

  it('takes the path for nothing but a path, and says why it could not', async () => {
    const outcome = await phase('dry_run', 'c', '/no such; touch x');
    expect(outcome).toMatchObject({ exit_code: 2, result: { changes: 0 } });
    expect(outcome.error).toMatch(
      /^task "disk_cleanup : List, and remove unless this is a check" failed on web1: .*does not exist/,
    );
  });
});
