import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LOCAL_HOSTS, withAnsible } from '../support/ansible.ts';
import {
  alertBody,
  DISK,
  ended,
  forestall,
  type Home,
  makeHome,
  type Service,
  startService,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 240_000 });

const WAIT = { timeout: 90_000, interval: 50 };

interface Fleet {
  readonly tasks: string;
  readonly action?: object;
  readonly playbook?: object;
  readonly config?: object;
  readonly settings?: object;
}

/** Everything permits, on each host by itself; a play of these tasks on web1, web2 and db1.example.org, all of them here. */
function fleetHome({ tasks, action = {}, playbook = {}, config = {}, settings = {} }: Fleet): Home {
  const home = makeHome({
    config: (document: any) => ({
      ...document,
      playbooks: {
        fleet: {
          version: '1.0',
          runner: 'ansible',
          playbook: 'play.yml',
          inventory: 'hosts.yml',
          extra_vars: { path: '{resource}' },
          ...playbook,
        },
      },
      execution: { max_parallel: 4 },
      ...config,
    }),
    mapping: (document) => {
      const [first] = document.mappings;
      const limits = { cooldown_hours: 0, max_executions_per_week: null, limit_scope: 'host' };
      return {
        ...document,
        mappings: [
          { ...first, resource_filter: '*', action: { playbook: 'fleet', version: '1.0', ...limits, ...action } },
        ],
        global_settings: { ...document.global_settings, max_daily_executions: null, ...settings },
      };
    },
  });
  const indented = tasks.trim().replaceAll('FOLDER', home.folder).replace(/^/gm, '    ');
  writeFileSync(join(home.folder, 'play.yml'), `- hosts: all\n  gather_facts: false\n  tasks:\n${indented}\n`);
  writeFileSync(join(home.folder, 'hosts.yml'), LOCAL_HOSTS);
  home.writePredictions([]);
  return home;
}

const ANNOTATIONS = { days_until_critical: '8.2', confidence: '0.85' };
const services: Service[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

async function serve(home: Home): Promise<Service> {
  const service = await startService(home, { env: { HOME: home.folder } });
  services.push(service);
  return service;
}

/** Delivers one alert with its values; the decision on it. */
async function deliver(service: Service, labels: Record<string, string>): Promise<any> {
  const body = alertBody(labels, { annotations: ANNOTATIONS, fingerprint: undefined });
  const answer = await service.post('/webhook', body);
  return ((await answer.json()) as any).decisions[0];
}

const outcome = (service: Service, { execution_id }: any) => ended(service, execution_id, 90_000);

describe.skipIf(!withAnsible)('a fleet by Ansible', () => {
  it('runs on the host of the alert, and tells what the play told', async () => {
    const home = fleetHome({
      tasks: `
- ansible.builtin.copy: { content: "{{ path }}", dest: "FOLDER/{{ inventory_hostname }}.out" }
- ansible.builtin.set_stats: { data: { forestall: { freed_bytes: 4096 } } }`,
      config: { webhook: { host_label: 'instance' } },
    });
    const service = await serve(home);
    const decision = await deliver(service, { resource: '/srv', instance: 'db1.example.org:9100' });
    expect(decision).toMatchObject({ verdict: 'approved', prediction: { host: 'db1.example.org' } });
    const execution = await outcome(service, decision);
    expect(execution).toMatchObject({
      state: 'succeeded',
      dry_run: { exit_code: 0, result: { changes: 1, freed_bytes: 4096 } },
      run: { exit_code: 0, result: { changes: 1, freed_bytes: 4096 } },
    });
    expect(readdirSync(home.folder).filter((name) => name.endsWith('.out'))).toEqual(['db1.example.org.out']);
    const output = await (await service.get(`/api/v1/executions/${execution.id}/output?phase=run`)).text();
    expect(output).toMatch(/^\+\/srv$/m);
    // Until the outcome is known that target is held; another one of the same host is as the play wants it already.
    expect(await deliver(service, { resource: '/srv', host: 'db1.example.org' })).toMatchObject({ reason: 'settling' });
    writeFileSync(join(home.folder, 'db1.example.org.out'), '/other');
    const other = await outcome(service, await deliver(service, { resource: '/other', host: 'db1.example.org' }));
    expect(other).toMatchObject({ state: 'nothing_to_do', run: null });
  });

  it('refuses templates, patterns, groups and hosts that the inventory does not name, and starts nothing', async () => {
    const home = fleetHome({
      tasks: '- ansible.builtin.copy: { content: "{{ path }}", dest: "FOLDER/{{ inventory_hostname }}.out" }',
    });
    const canary = join(home.folder, 'canary');
    const service = await serve(home);
    // Until the inventory was read, only an execution finds out.
    await eventually(async () => {
      const { gates } = await deliver(service, { host: 'web9', resource: '/first' });
      return gates.some((gate: any) => gate.gate === 'unsafe_value' && gate.message.includes('not in the inventory'));
    }, WAIT);
    const refused: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ host: 'web1', resource: `{{ lookup('pipe', 'touch ${canary}') }}` }, /Ansible would read as a template/],
      [{ host: 'web1', resource: '/srv', note: `{{ lookup('pipe', 'touch ${canary}') }}` }, /label "note" .* template/],
      [{ host: 'web9', resource: '/srv' }, /^host "web9" is not in the inventory .*hosts\.yml$/],
      [{ host: 'databases', resource: '/srv' }, /^"databases" is a group of the inventory .*, not one host$/],
      [{ resource: '/srv' }, /^the prediction has no host/],
      ...['all', '*', 'web1:web2', 'web1,web2', '!web1', '~web.', '@hosts.yml', 'web[1:2]', '-i/etc'].map(
        (host) => [{ host, resource: '/srv' }, /^host ".*" (could be a pattern|is a group) of Ansible/] as const,
      ),
    ];
    for (const [labels, says] of refused) {
      const decision = await deliver(service, labels);
      expect(decision).toMatchObject({ verdict: 'rejected', reason: 'unsafe_value', execution_id: null });
      expect(decision.message).toMatch(says);
    }
    expect(existsSync(canary)).toBe(false);
    expect(readdirSync(home.folder).filter((name) => name.endsWith('.out'))).toEqual([]);
    const explained = await forestall(
      [
        'explain',
        '--config',
        home.config,
        '--type',
        'disk_exhaustion',
        '--resource',
        '/srv',
        '--days',
        '8',
        '--confidence',
        '0.9',
        '--host',
        'web9',
      ],
      { env: { HOME: home.folder } },
    );
    expect(explained.stdout).toContain('host "web9" is not in the inventory');
  });

  it('asks the inventory again before anything runs', async () => {
    const home = fleetHome({
      tasks: '- ansible.builtin.file: { path: "FOLDER/{{ inventory_hostname }}.out", state: touch }',
      settings: { require_confirmation: true },
    });
    const service = await serve(home);
    const { execution_id } = await deliver(service, { host: 'web1', resource: '/srv' });
    await eventually(
      async () => (await service.json(`/api/v1/executions/${execution_id}`)).state === 'awaiting_approval',
      WAIT,
    );
    writeFileSync(join(home.folder, 'hosts.yml'), LOCAL_HOSTS.replace('web1: {}, ', ''));
    await service.post(`/api/v1/executions/${execution_id}/approve`, '', { headers: {} });
    const execution = await ended(service, execution_id, 90_000);
    expect(execution).toMatchObject({ state: 'rejected', run: null });
    expect(execution.message).toMatch(/host "web1" is not in the inventory/);
  });

  it('runs on two hosts at once where both may, and one after the other where the playbook may not', async () => {
    // Each waits for the other: alone neither would end well.
    const together = fleetHome({
      tasks: `
- ansible.builtin.file: { path: "FOLDER/{{ inventory_hostname }}.here", state: touch }
- ansible.builtin.wait_for: { path: "FOLDER/{{ item }}.here", timeout: 60 }
  loop: [web1, web2]
  when: not ansible_check_mode`,
      action: { limits: [{ runs: 1, per: '1d' }] },
    });
    const first = await serve(together);
    const both = await Promise.all(['web1', 'web2'].map((host) => deliver(first, { host, resource: '/srv' })));
    for (const decision of both) expect(await outcome(first, decision)).toMatchObject({ state: 'succeeded' });
    // Limits are of each host by itself.
    expect(await deliver(first, { host: 'web1', resource: '/b' })).toMatchObject({ reason: 'limit' });
    expect(await deliver(first, { host: 'db1.example.org', resource: '/b' })).toMatchObject({ verdict: 'approved' });

    // The second of two at once would find the folder there.
    const apart = fleetHome({
      tasks: `
- ansible.builtin.command: mkdir FOLDER/alone
  when: not ansible_check_mode
- ansible.builtin.pause: { seconds: 1 }
- ansible.builtin.command: rmdir FOLDER/alone
  when: not ansible_check_mode
- ansible.builtin.file: { path: "FOLDER/{{ inventory_hostname }}.here", state: touch }`,
      playbook: { max_parallel: 1 },
    });
    const second = await serve(apart);
    const three = ['web1', 'web2', 'db1.example.org'].map((host) => deliver(second, { host, resource: '/srv' }));
    for (const decision of await Promise.all(three)) {
      expect(await outcome(second, decision)).toMatchObject({ state: 'succeeded' });
    }
  });

  it('runs on no more hosts than the blast radius allows, whatever is asked', async () => {
    const home = fleetHome({
      tasks: '- ansible.builtin.file: { path: "FOLDER/{{ inventory_hostname }}.out", state: touch }',
      action: { blast_radius: { hosts: 2, per: '1h' } },
      settings: { require_confirmation: true },
    });
    const service = await serve(home);
    const claimed = await Promise.all(
      ['web1', 'web2', 'db1.example.org'].map((host) => deliver(service, { host, resource: '/srv' })),
    );
    expect(claimed.map(({ reason }) => reason).sort()).toEqual(['approved', 'approved', 'blast_radius']);
    const late = claimed.find(({ reason }) => reason === 'blast_radius');
    expect(late).toMatchObject({ verdict: 'deferred', execution_id: null });
    expect(late.message).toMatch(/^fleet: 2 hosts in 1 h \(.*, .*\), 2 allowed; the next is possible at 20/);
    expect(late.next_attempt_at).not.toBeNull();
    // By hand it is the same.
    const { host } = late.prediction;
    const posted = await service.post('/api/v1/predictions', { ...DISK, resource: '/srv', host });
    expect(((await posted.json()) as any).decisions[0]).toMatchObject({ reason: 'blast_radius' });

    // What waits for confirmation counts; so an approval is refused where fewer are allowed meanwhile.
    const waiting = claimed.filter(({ verdict }) => verdict === 'approved');
    for (const { execution_id: id } of waiting) {
      await eventually(
        async () => (await service.json(`/api/v1/executions/${id}`)).state === 'awaiting_approval',
        WAIT,
      );
    }
    const allow = async (hosts: object) => {
      home.writeMapping((mapping) => {
        mapping.mappings[0].action.blast_radius = { ...hosts, per: '1h' };
        return mapping;
      });
      expect((await service.post('/-/reload', '')).status).toBe(200);
    };
    const approve = (id: string) => service.post(`/api/v1/executions/${id}/approve`, '', { headers: {} });
    await allow({ percent: 34 });
    const refused = await approve(waiting[0].execution_id);
    expect(refused.status).toBe(409);
    expect(JSON.stringify(await refused.json())).toContain("1 of the inventory's 3 allowed");
    await allow({ percent: 67 });
    for (const { execution_id: id } of waiting) {
      expect((await approve(id)).status).toBe(200);
      expect(await ended(service, id, 90_000)).toMatchObject({ state: 'succeeded' });
    }
    expect(await deliver(service, { host, resource: '/late' })).toMatchObject({ reason: 'blast_radius' });
    expect(readdirSync(home.folder).filter((name) => name.endsWith('.out'))).toHaveLength(2);
  });
});
