import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preparePlay } from '../../../src/playbook/ansible/play.ts';
import { runCommand } from '../../../src/playbook/command.ts';
import { type PhaseRequest, runPhase } from '../../../src/playbook/phase.ts';
import { inspectProgram } from '../../../src/playbook/program.ts';
import { survivorsOf } from '../../../src/playbook/survivors.ts';
import { ansibleFolder, ansiblePlaybook, withAnsible } from '../../support/ansible.ts';
import { permittingPrediction } from '../../support/decision.ts';
import { alive } from '../../support/playbook.ts';
import { tempDir } from '../../support/temp.ts';
import { eventually } from '../../support/wait.ts';

let counter = 0;

function request(tasks: string, changes: Partial<PhaseRequest> = {}, extra_vars = {}): PhaseRequest {
  return {
    execution_id: `AN-${process.pid}-${counter++}`,
    phase: 'run',
    playbook: ansiblePlaybook({ ...ansibleFolder(tasks), extra_vars }),
    prediction: permittingPrediction({ host: 'web1' }),
    parameters: {},
    log_dir: tempDir(),
    grace: 2000,
    ...changes,
  };
}

const log = ({ log_dir, execution_id, phase }: PhaseRequest) =>
  readFileSync(join(log_dir, `${execution_id}.${phase}.log`), 'utf8');
const workspaces = () => readdirSync(tmpdir()).filter((name) => /^forestall-[A-Za-z0-9]{6}$/.test(name));

describe.skipIf(!withAnsible)('a play', () => {
  it('tells in check mode what the run then does, and leaves the diff on record', async () => {
    const file = join(tempDir(), 'motd');
    writeFileSync(file, 'before\n');
    const asked = request(
      `- ansible.builtin.copy: { content: "{{ text }}\\n", dest: ${file} }`,
      {},
      { text: 'after {resource}' },
    );
    const dry = { ...asked, phase: 'dry_run' as const };
    const promised = await runPhase(dry);
    expect(promised).toMatchObject({ exit_code: 0, error: null, result: { changes: 1, affects: [] } });
    expect(readFileSync(file, 'utf8')).toBe('before\n');
    // Of the path on the host nothing can be measured here.
    const usedBytes = { now: async () => 1, after: async () => 1 };
    const done = await runPhase({ ...asked, usedBytes });
    expect(done).toMatchObject({ exit_code: 0, error: null, result: { changes: 1 }, used_bytes: null });
    expect(readFileSync(file, 'utf8')).toBe('after /srv\n');
    for (const output of [log(dry), log(asked)]) {
      expect(output).toMatch(/^-before$/m);
      expect(output).toMatch(/^\+after \/srv$/m);
      expect(output).not.toContain('\u001b');
    }
    expect(log(dry)).toContain('[CHECK MODE]');
    expect((await runPhase(dry)).result?.changes).toBe(0);
  });

  it('tells its result by set_stats, and is run on the one host', async () => {
    const tasks = `
- ansible.builtin.set_stats:
    per_host: true
    data: { forestall: { freed_bytes: "{{ 512 * 4 }}", downtime_seconds: 3, affects: [nginx.service], summary: "on {{ inventory_hostname }}" } }`;
    const outcome = await runPhase(request(tasks));
    expect(outcome.result).toEqual({
      summary: 'on web1',
      changes: 0,
      freed_bytes: 2048,
      downtime_seconds: 3,
      affects: ['nginx.service'],
    });
  });

  it('that fails says at which task, on which host, and why', async () => {
    const command = await runPhase(request('- { name: Stop it, ansible.builtin.command: "/bin/ls /nowhere" }'));
    expect(command).toMatchObject({ exit_code: 2, result: { changes: 0 } });
    expect(command.error).toMatch(/^task "Stop it" failed on web1: non-zero return code: .*\/nowhere/);
    const loop = await runPhase(
      request('- { name: Each, ansible.builtin.fail: { msg: "no {{ item }}" }, loop: [a, b] }'),
    );
    expect(loop.error).toBe('task "Each" failed on web1: no a');
    const hidden = await runPhase(request('- { name: Secret, ansible.builtin.fail: { msg: canary }, no_log: true }'));
    expect(hidden.error).toMatch(/^task "Secret" failed on web1: the output has been hidden/);
  });

  it('that was rescued, or ignores an error, did not fail', async () => {
    const tasks = `
- { ansible.builtin.command: "/bin/false", ignore_errors: true }
- block: [{ ansible.builtin.fail: { msg: x } }]
  rescue: [{ ansible.builtin.debug: { msg: saved } }]`;
    expect(await runPhase(request(tasks))).toMatchObject({ exit_code: 0, error: null });
  });

  it('whose plays are for other hosts, or that Ansible cannot read, is a failure', async () => {
    const asked = request('');
    const play = asked.playbook.ansible!.playbook;
    writeFileSync(play, '- { hosts: databases, gather_facts: false, tasks: [{ ansible.builtin.debug: {} }] }');
    expect(await runPhase(asked)).toMatchObject({
      exit_code: 0,
      error: 'no task of the play was for web1: look at its hosts:',
    });
    writeFileSync(play, '- { hosts: all, tasks: [{ no_such_module: {} }] }');
    expect(await runPhase(asked)).toMatchObject({
      exit_code: 4,
      result: null,
      error: expect.stringMatching(/^exit code 4; last line: /),
    });
  });

  it('that cannot tell in check mode does not promise that nothing is to be done', async () => {
    const tasks = '- { name: Restart, ansible.builtin.command: "/bin/true" }';
    const dry = await runPhase(request(tasks, { phase: 'dry_run' }));
    expect(dry).toMatchObject({ error: null, result: { changes: null } });
    expect(dry.result?.summary).toMatch(/cannot tell in check mode: "Restart"$/);
    const skipped = request(`${tasks.replace(' }', ', when: false }')}`, { phase: 'dry_run' });
    expect(await runPhase(skipped)).toMatchObject({ error: null, result: { changes: 0 } });
  });

  it('that takes too long is ended with all of its processes, and says where it was', async () => {
    const pids = join(tempDir(), 'pids');
    const asked = request(`- { name: Sleep, ansible.builtin.shell: "echo $$ > ${pids}; sleep 300; true" }`);
    const before = workspaces();
    const outcome = await runPhase({ ...asked, playbook: { ...asked.playbook, timeout: 15_000 } });
    expect(outcome).toMatchObject({
      exit_code: null,
      error: 'timed out after 15s; its process group was ended; last task: Sleep',
    });
    expect(alive(pids)).toEqual([]);
    expect(await survivorsOf(asked.execution_id, null)).toEqual([]);
    // Those of other tests come and go beside it.
    const left = workspaces().filter((name) => !before.includes(name));
    await eventually(() => left.every((name) => !existsSync(join(tmpdir(), name))));
  });

  it('is looked at before: who else could change it, its roles or its inventory', async () => {
    const { playbook } = request('- ansible.builtin.debug: {}');
    expect(await inspectProgram(playbook)).toEqual({ problem: null });
    const { playbook: play, inventory } = playbook.ansible!;
    for (const path of [play, inventory]) {
      await runCommand({ argv: ['chmod', 'o+w', path], timeout: 5000, maxOutput: 10 });
      expect((await inspectProgram(playbook)).problem).toMatch(`${path} can be written by everybody (mode 646)`);
      await runCommand({ argv: ['chmod', 'o-w', path], timeout: 5000, maxOutput: 10 });
    }
    const roles = join(play, '..', 'roles/x/tasks');
    await runCommand({ argv: ['mkdir', '-p', '-m', '0777', roles], timeout: 5000, maxOutput: 10 });
    expect((await inspectProgram(playbook)).problem).toContain('roles/x/tasks can be written by everybody');
    const pinned = { ...playbook, sha256: '0'.repeat(64) };
    await runCommand({ argv: ['rm', '-r', join(play, '..', 'roles')], timeout: 5000, maxOutput: 10 });
    expect((await inspectProgram(pinned)).problem).toContain(`${play} is not the program that was pinned`);
    const gone = { ...playbook, ansible: { ...playbook.ansible!, playbook: '/nowhere.yml' } };
    expect((await inspectProgram(gone)).problem).toBe('playbook fleet: /nowhere.yml does not exist');
  });
});

it('has a folder for sockets that is short enough for them, and gone afterwards', async () => {
  const { playbook, inventory } = ansibleFolder('');
  const deep = join(tempDir(), 'x'.repeat(60));
  mkdirSync(deep);
  for (const folder of [deep, tempDir()]) {
    const play = await preparePlay({ playbook, inventory, extra_vars: {} }, folder, new Map());
    if ('problem' in play) throw new Error(play.problem);
    const connections = play.env['ANSIBLE_SSH_CONTROL_PATH_DIR']!;
    expect(connections.length).toBeLessThanOrEqual(60);
    expect(statSync(connections).mode & 0o777).toBe(0o700);
    await play.close();
    expect(existsSync(connections)).toBe(false);
  }
});

describe.skipIf(!withAnsible)('a value', () => {
  const canary = () => join(tempDir(), 'canary');

  it('that is a template is refused before anything starts', async () => {
    const file = canary();
    const resource = `{{ lookup('pipe', 'touch ${file}') }}`;
    const tasks = '- ansible.builtin.debug: { msg: "{{ path }}" }';
    const asked = request(
      tasks,
      { prediction: permittingPrediction({ host: 'web1', resource }) },
      { path: '{resource}' },
    );
    const outcome = await runPhase(asked);
    expect(outcome.error).toMatch(/^not started: resource ".*" holds what Ansible would read as a template$/);
    expect(existsSync(file)).toBe(false);
  });

  it('would not be one either: Ansible takes it as it stands wherever the play uses it', async () => {
    const file = canary();
    const value = `{{ lookup('pipe', 'touch ${file}') }}`;
    const folder = ansibleFolder(`
- ansible.builtin.set_fact: { again: "{{ path }}" }
- ansible.builtin.debug: { msg: "{{ path }} {{ again | upper }}" }
- ansible.builtin.command: { argv: [echo, "{{ again }}"] }
- ansible.builtin.copy: { content: "{{ path }}", dest: "${file}.out" }`);
    const ansible = { ...folder, extra_vars: { path: '{resource}' } };
    const play = await preparePlay(ansible, tempDir(), new Map([['resource', value]]));
    if ('problem' in play) throw new Error(play.problem);
    const answer = await runCommand({
      argv: ['ansible-playbook', '-i', ansible.inventory, '--limit', 'web1', ...play.options, ansible.playbook],
      cwd: play.cwd,
      env: play.env,
      timeout: 60_000,
      maxOutput: 1_000_000,
    });
    expect(answer).toMatchObject({ exit_code: 0 });
    expect(readFileSync(`${file}.out`, 'utf8')).toBe(value);
    expect(existsSync(file)).toBe(false);
  });
});
