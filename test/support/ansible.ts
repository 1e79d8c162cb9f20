import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnsibleConfig, PlaybookConfig } from '../../src/config/config.ts';
import { tempDir } from './temp.ts';

const installed = spawnSync('ansible-playbook', ['--version']).status === 0;
if (!installed) console.warn('SKIPPED: ansible-playbook is not installed (Debian: apt-get install ansible-core)');
/** False where Ansible is not installed, and need not be: in CI it has to be. */
export const withAnsible = installed || process.env['CI'] === 'true';

/** Three hosts that are this machine, one of them in a group. */
export const LOCAL_HOSTS = `all:
  vars: { ansible_connection: local, ansible_python_interpreter: /usr/bin/python3 }
  hosts: { web1: {}, web2: {} }
  children: { databases: { hosts: { db1.example.org: {} } } }
`;

/** A folder with an inventory and the tasks of one play for all hosts. */
export function ansibleFolder(tasks: string, inventory = LOCAL_HOSTS): AnsibleConfig & { readonly folder: string } {
  const folder = tempDir();
  const files = { playbook: join(folder, 'play.yml'), inventory: join(folder, 'hosts.yml') };
  const indented = tasks.replace(/^/gm, '    ');
  writeFileSync(files.playbook, `- hosts: all\n  gather_facts: false\n  tasks:\n${indented}\n`);
  writeFileSync(files.inventory, inventory);
  return { ...files, extra_vars: {}, folder };
}

/** As the configuration makes it. */
export function ansiblePlaybook(ansible: AnsibleConfig, changes: Partial<PlaybookConfig> = {}): PlaybookConfig {
  const phase = (...options: string[]) => [
    'ansible-playbook',
    '--inventory',
    ansible.inventory,
    '--limit',
    '{host}',
    ...options,
    ansible.playbook,
  ];
  return {
    name: 'fleet',
    version: '1.0',
    ansible: { playbook: ansible.playbook, inventory: ansible.inventory, extra_vars: ansible.extra_vars },
    run: phase('--diff'),
    dry_run: phase('--check', '--diff'),
    timeout: 60_000,
    dry_run_timeout: 60_000,
    max_parallel: null,
    max_downtime: null,
    sha256: null,
    env: {},
    ...changes,
  };
}
