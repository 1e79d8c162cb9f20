import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PhaseRequest, runPhase } from '../../src/playbook/phase.ts';
import { ansibleFolder, ansiblePlaybook } from '../support/ansible.ts';
import { permittingPrediction } from '../support/decision.ts';
import { makeHosts, type TestHosts, withHosts } from '../support/hosts.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

let counter = 0;

function request(hosts: TestHosts, tasks: string, changes: Partial<PhaseRequest> = {}): PhaseRequest {
  const folder = { ...ansibleFolder(tasks), inventory: hosts.inventory };
  return {
    execution_id: `SSH-${process.pid}-${counter++}`,
    phase: 'run',
    playbook: ansiblePlaybook(folder),
    prediction: permittingPrediction({ host: 'web1' }),
    parameters: {},
    log_dir: tempDir(),
    grace: 2000,
    ...changes,
  };
}

/** Titles of what ssh left running for connections of Forestall. */
function connections(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      } catch {
        return '';
      }
    })
    .filter((title) => /^ssh: .*\/forestall-\w{6}\/cp\/.* \[mux\]/.test(title));
}

describe.skipIf(!withHosts)('hosts in network namespaces, over ssh', { timeout: 240_000 }, () => {
  it('check mode promises what the run does, on that host and no other', async () => {
    const hosts = await makeHosts(['web1', 'web2']);
    const folder = tempDir();
    const tasks = `
- ansible.builtin.command: ip -4 -brief address show eth0
  register: address
  check_mode: false
  changed_when: false
- ansible.builtin.copy: { content: "{{ address.stdout }}\\n", dest: "${folder}/{{ inventory_hostname }}" }`;
    const asked = request(hosts, tasks);
    const promised = await runPhase({ ...asked, phase: 'dry_run' });
    expect(promised).toMatchObject({ error: null, result: { changes: 1 } });
    expect(existsSync(join(folder, 'web1'))).toBe(false);
    const done = await runPhase(asked);
    expect(done).toMatchObject({ error: null, result: { changes: 1 } });
    expect(readFileSync(join(folder, 'web1'), 'utf8')).toContain(` ${hosts.hosts[0]!.address}/30 `);
    expect(existsSync(join(folder, 'web2'))).toBe(false);
    const diff = (phase: string) =>
      readFileSync(join(asked.log_dir, `${asked.execution_id}.${phase}.log`), 'utf8').match(/^[-+][^-+].*$/gm);
    expect(diff('run')).toEqual(diff('dry_run'));
    expect(diff('run')).toHaveLength(1);
    expect(connections()).toEqual([]);
    expect((await runPhase({ ...asked, phase: 'dry_run' })).result?.changes).toBe(0);
  });

  it('a host that cannot be reached, or whose key is another one, ends with the right words', async () => {
    const hosts = await makeHosts(['web1', 'web2']);
    const asked = request(hosts, '- ansible.builtin.ping: {}');
    writeFileSync(
      hosts.knownHosts,
      readFileSync(hosts.knownHosts, 'utf8').replace(/^(\S+) .*\n(\S+) (.*)$/m, '$1 $3\n$2 $3'),
    );
    const other = await runPhase(asked);
    expect(other).toMatchObject({ exit_code: 4 });
    expect(other.error).toMatch(/^host web1 is unreachable: .*Host key verification failed/i);
    const [, web2] = hosts.hosts;
    web2!.unplug();
    const gone = await runPhase({ ...asked, prediction: permittingPrediction({ host: 'web2' }) });
    expect(gone).toMatchObject({ exit_code: 4, result: { changes: 0 } });
    expect(gone.error).toMatch(
      /^host web2 is unreachable: Failed to connect to the host via ssh: .*(timed out|No route)/,
    );
    expect(connections()).toEqual([]);
  });

  it('a time-out ends the connection as well; so does the service when it stops', async () => {
    const hosts = await makeHosts(['web1']);
    const started = join(tempDir(), 'started');
    const asked = request(hosts, `- { name: Sleep, ansible.builtin.shell: "touch ${started}; sleep 240; true" }`);
    const late = await runPhase({ ...asked, playbook: { ...asked.playbook, timeout: 20_000 } });
    expect(late).toMatchObject({
      exit_code: null,
      error: 'timed out after 20s; its process group was ended; last task: Sleep',
    });
    expect(existsSync(started)).toBe(true);
    expect(connections()).toEqual([]);

    const stop = new AbortController();
    const again = join(tempDir(), 'started');
    const slow = request(hosts, `- { name: Sleep, ansible.builtin.shell: "touch ${again}; sleep 240; true" }`, {
      signal: stop.signal,
    });
    const ending = runPhase(slow);
    await eventually(() => existsSync(again), { timeout: 60_000 });
    expect(connections()).toHaveLength(1);
    stop.abort();
    expect((await ending).error).toBe('stopped before it was done; its process group was ended; last task: Sleep');
    expect(connections()).toEqual([]);
  });
});
