import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { withAnsible } from './ansible.ts';
import { tempDir } from './temp.ts';
import { eventually } from './wait.ts';

const able = process.getuid?.() === 0 && ['ip', 'ssh', 'sshd'].every((name) => spawnSync('which', [name]).status === 0);
if (!able) console.warn('SKIPPED: hosts in network namespaces need root, openssh-server and iproute2');
/** False where namespaces cannot be made, and need not be: in CI they have to be. */
export const withHosts = withAnsible && (able || process.env['CI'] === 'true');

/** A machine of its own as far as its network goes: an sshd in a namespace. Files are those of this machine. */
export interface TestHost {
  readonly name: string;
  readonly address: string;
  /** Nothing answers at its address any more. */
  unplug(): void;
}

export interface TestHosts {
  readonly hosts: readonly TestHost[];
  /** Path of an inventory with their addresses and keys. */
  readonly inventory: string;
  /** Where the keys of the hosts are known by. */
  readonly knownHosts: string;
}

const namespaces: string[] = [];
const servers: ChildProcess[] = [];
let count = 0;

/** Hosts with keys made for them, joined to this machine by a cable each. */
export async function makeHosts(names: readonly string[]): Promise<TestHosts> {
  const folder = tempDir();
  const userKey = makeKey(folder, 'user');
  writeFileSync(join(folder, 'authorized'), readFileSync(`${userKey}.pub`));
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const hosts = names.map((name) => plugIn(name, folder));
  const knownHosts = join(folder, 'known_hosts');
  const keys = hosts.map(({ address, key }) => `${address} ${readFileSync(`${key}.pub`, 'utf8')}`);
  writeFileSync(knownHosts, keys.join(''));
  const options = `-F none -o IdentitiesOnly=yes -o UserKnownHostsFile=${knownHosts} -o ConnectTimeout=5`;
  const inventory = join(folder, 'hosts.json');
  const vars = {
    ansible_user: 'root',
    ansible_ssh_private_key_file: userKey,
    ansible_ssh_common_args: options,
    ansible_python_interpreter: '/usr/bin/python3',
  };
  const entries = Object.fromEntries(hosts.map(({ name, address }) => [name, { ansible_host: address }]));
  writeFileSync(inventory, JSON.stringify({ all: { vars, hosts: entries } }));
  for (const { address, log } of hosts) {
    await eventually(() => readFileSync(log, 'utf8').includes(`listening on ${address}`), { timeout: 20_000 });
  }
  return { hosts, inventory, knownHosts };
}

function makeKey(folder: string, name: string): string {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  return path;
}

function plugIn(name: string, folder: string) {
  const number = (process.pid % 4096) * 16 + count++;
  const [namespace, cable] = [`forestall-${number}`, `fs${number}`];
  // 198.18.0.0/15 is for tests of networks; four addresses a cable.
  const base = (198 << 24) + (18 << 16) + (number % 32768) * 4;
  const [here, address] = [ip(base + 1), ip(base + 2)];
  run('ip', 'netns', 'add', namespace);
  namespaces.push(namespace);
  run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  run('ip', 'address', 'add', `${here}/30`, 'dev', cable);
  run('ip', 'link', 'set', cable, 'up');
  run('ip', '-n', namespace, 'address', 'add', `${address}/30`, 'dev', 'eth0');
  run('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
  run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
  const key = makeKey(folder, `host-${name}`);
  const [config, log] = [join(folder, `sshd-${name}.conf`), join(folder, `sshd-${name}.log`)];
  const settings = [
    `ListenAddress ${address}`,
    `HostKey ${key}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'StrictModes no',
    'PidFile none',
    'UsePAM no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(config, `${settings.join('\n')}\n`);
  writeFileSync(log, '');
  servers.push(spawn('ip', ['netns', 'exec', namespace, '/usr/sbin/sshd', '-D', '-f', config, '-E', log]));
  const unplug = () => run('ip', '-n', namespace, 'link', 'set', 'eth0', 'down');
  return { name, address, key, log, unplug };
}

function ip(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

afterAll(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
  for (const namespace of namespaces.splice(0)) {
    // What sshd started for a connection is not its child any more.
    const inside = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).stdout.split('\n');
    for (const pid of inside.filter(Boolean)) spawnSync('kill', ['-KILL', pid]);
    run('ip', 'netns', 'delete', namespace);
  }
});
