/*
 * What happens with the commands of the documentation. Everything that is in neither table is a mistake of the page or a
 * gap here, and the test says which line of which page it is: nothing unknown is ever started.
 */

interface NotRun {
  /** The program, or the beginning of the command as it is typed. */
  readonly command: string;
  readonly why: string;
}

/** Commands that are not run here. One of these makes its whole line be left out. */
export const NOT_RUN: readonly NotRun[] = [
  {
    command: 'systemctl',
    why: 'systemd does not run where the tests do; test/deploy/systemd.test.ts checks the units',
  },
  { command: 'install -m 640 -g prometheus', why: 'gives a file to a group that other machines lack' },
  { command: 'sudo', why: 'changes the machine that it runs on' },
  { command: 'npm pack', why: 'builds the package; test/e2e/package.test.ts makes one and installs it' },
  { command: 'npm run test:soak', why: 'takes minutes; test/chaos/random-faults.test.ts is the same for less' },
  { command: 'npm ci', why: 'takes minutes; .ci/run and scripts/check.sh run it' },
  {
    command: 'forestall backtest',
    why: 'asks a Prometheus that remembers two months; test/e2e/backtest.test.ts has one',
  },
  { command: 'forestall doctor', why: 'asks a live Prometheus and Alertmanager; test/e2e/doctor.test.ts has both' },
];

/** Programs that are run, in a folder of their own and with a service of its own: what they write stays there. */
export const RUN: ReadonlySet<string> = new Set([
  '.',
  '[',
  'cat',
  'cd',
  'chmod',
  'config/playbooks/disk-cleanup',
  'cp',
  'curl',
  'date',
  'diff',
  'echo',
  'export',
  'forestall',
  'grep',
  'head',
  'base64',
  'install',
  'jq',
  'ls',
  'mkdir',
  'mv',
  'printf',
  'promtool',
  'amtool',
  'ansible-playbook',
  'sed',
  'sha256sum',
  'sleep',
  'sort',
  'sqlite3',
  'stat',
  'tail',
  'tar',
  'test',
  'touch',
  'tr',
  'umask',
  'wc',
]);

/** Of a program that can do much: how its command has to begin to be run. */
export const RUN_AS: readonly string[] = ['npm run --silent forestall --'];

/** Whole pages that a test of their own follows line by line. */
export const FOLLOWED_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/postgresql.md': 'test/e2e/postgres-page.test.ts',
  'docs/getting-started.md': 'test/e2e/getting-started.test.ts',
};

/** Blocks of data that are for other programs, by a key at their top; each is only parsed. */
export const OTHERS_DATA: Readonly<Record<string, string>> = {
  error: 'an answer of the API; test/http/openapi-bodies.test.ts',
  'ansible.builtin.set_stats': 'a task of Ansible',
  widget: 'Homepage',
  apiVersion: 'Grafana, by provisioning',
};
