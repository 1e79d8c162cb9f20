import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { survey } from '../../src/cli/init/survey.ts';
import { hasAlertmanager, startAlertmanager } from '../support/alertmanager.ts';
import { hasPrometheus, startPrometheus } from '../support/prometheus.ts';
import { ENV, forestall } from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Nobody listens there, whatever runs on this machine. */
const NOBODY = ['--prometheus', 'http://127.0.0.1:1', '--alertmanager', 'http://127.0.0.1:1'];

/** Every file below a folder with its text. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')]),
  );
}

test('--yes sets up a bare folder that `check` approves of at once', async () => {
  const folder = tempDir();
  const { code, stdout, stderr } = await forestall(['init', '--yes', '--json', '--directory', folder, ...NOBODY]);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('cannot')]);
  const answer = JSON.parse(stdout);
  expect(answer.directory).toBe(folder);
  expect(answer.found).toMatchObject({
    prometheus: null,
    alertmanager: null,
    systemd: existsSync('/run/systemd/system'),
  });
  expect(answer.left).toEqual([]);
  expect(Object.keys(contents(folder)).sort()).toEqual(answer.written.toSorted());
  for (const file of ['config/forestall.yaml', 'config/action-mapping.json', 'alert-rules/predictions.rules.yml'])
    expect(answer.written).toContain(join(folder, file));
  const token = join(folder, 'config/token');
  expect(statSync(token).mode & 0o777).toBe(0o600);
  expect(readFileSync(token, 'utf8')).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
  expect(stdout).not.toContain(readFileSync(token, 'utf8').trim());

  const check = await forestall(['check'], { cwd: folder });
  expect(check.code, check.stdout + check.stderr).toBe(0);
  expect(check.stdout).not.toMatch(/^(?:warning|PROBLEM)/m);
  expect((await forestall(['rules', '--check'], { cwd: folder })).code).toBe(0);
});

test('a second time it changes nothing, and says so', async () => {
  const folder = tempDir();
  await forestall(['init', '--yes', '--directory', folder, ...NOBODY]);
  const before = contents(folder);
  const again = await forestall(['init', '--yes', '--directory', folder, ...NOBODY]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('nothing was written: everything is there already');
  for (const file of Object.keys(before)) expect(again.stdout).toContain(`  ${file}\n`);
  expect(contents(folder)).toEqual(before);
});

test('what is there already stays, and the rest is made to fit it', async () => {
  const folder = tempDir();
  mkdirSync(join(folder, 'config'));
  const mine = '# mine\nrules: { for: 90s }\n';
  writeFileSync(join(folder, 'config/forestall.yaml'), mine);
  writeFileSync(join(folder, 'config/action-mapping.json'), '{"mappings":[]}');
  const { code, stdout } = await forestall(['init', '--yes', '--json', '--directory', folder, ...NOBODY]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).left).toEqual([
    join(folder, 'config/forestall.yaml'),
    join(folder, 'config/action-mapping.json'),
  ]);
  expect(readFileSync(join(folder, 'config/forestall.yaml'), 'utf8')).toBe(mine);
  expect((await forestall(['rules', '--check'], { cwd: folder })).code).toBe(0);
});

test('rules are not made up for a configuration that cannot be used', async () => {
  const folder = tempDir();
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'config/forestall.yaml'), 'surprise: true\n');
  const { code, stderr } = await forestall(['init', '--yes', '--directory', folder, ...NOBODY]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /no alert rules are generated, as the configuration cannot be used:\n.*forestall\.yaml:1:1: surprise: /,
  );
  expect(existsSync(join(folder, 'alert-rules/predictions.rules.yml'))).toBe(false);
});

test.each([
  ['without a terminal and --yes', [], 2, /`forestall init --yes` takes what it finds/],
  [
    'for a folder that a unit file would read otherwise',
    ['--yes', '--directory', 'a b%n'],
    2,
    /holds characters that unit files/,
  ],
  [
    'for an address that is none',
    ['--yes', '--prometheus', 'localhost'],
    2,
    /--prometheus: found "localhost", expected a URL/,
  ],
  [
    'where a file is in the way',
    ['--yes', '--directory', 'file/x', ...NOBODY],
    1,
    /file\/x\/config\/forestall\.yaml cannot be written: /,
  ],
] as const)('it writes nothing %s', async (_title, args, expected, message) => {
  const folder = tempDir();
  writeFileSync(join(folder, 'file'), 'mine');
  const { code, stderr } = await forestall(['init', ...args], { cwd: folder });
  expect([code, stderr]).toEqual([expected, expect.stringMatching(message)]);
  expect(contents(folder)).toEqual({ [join(folder, 'file')]: 'mine' });
});

describe('on a terminal', () => {
  /** `forestall init` on a pseudo-terminal; each answer is given when its question is there. */
  async function onTerminal(folder: string, answers: readonly (readonly [question: RegExp, answer: string])[]) {
    const command = [process.execPath, join(ROOT, 'src/main.ts'), 'init', ...NOBODY].join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env: { ...ENV, TERM: 'dumb' } });
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
    for (const [question, answer] of answers) {
      await eventually(() => question.test(screen), { timeout: 30_000 });
      screen = screen.replace(question, '');
      child.stdin.write(answer);
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, screen };
  }

  test('what was found can be changed, and an answer that is none is asked for again', async () => {
    const folder = tempDir();
    const { code, screen } = await onTerminal(folder, [
      [/Mount points .*: $/, 'srv\r'],
      [/absolute paths [\s\S]*Mount points .*: $/, '/srv, /data\r'],
      [/Prometheus, or - for none .*: $/, 'http://10.0.0.1:9090/\r'],
      [/Alertmanager, or - for none .*: $/, '-\r'],
      [/Units for systemd .*: $/, 'yes\r'],
      [/Write to .*: $/, '\r'],
    ]);
    expect(code, screen).toBe(0);
    const mapping = JSON.parse(readFileSync(join(folder, 'config/action-mapping.json'), 'utf8'));
    expect(mapping.mappings.slice(0, 2).map((entry: any) => entry.resource_filter)).toEqual(['/srv', '/data']);
    const config = readFileSync(join(folder, 'config/forestall.yaml'), 'utf8');
    expect(config).toContain('\nprometheus: { url: http://10.0.0.1:9090 }');
    expect(config).toContain('\n# alertmanager: ');
    const unit = readFileSync(join(folder, 'deploy/systemd/forestall.service'), 'utf8');
    expect(unit).toContain(`\nEnvironment=FORESTALL_CONFIG=${folder}/config/forestall.yaml\n`);
    expect(unit).toContain(`\nExecStart=${ROOT}/bin/forestall serve`);
    expect((await forestall(['check'], { cwd: folder })).code).toBe(0);
  });

  test.each([
    ['no at the end', ['\r', '\r', '\r', 'n\r', 'n\r']],
    ['the end of the input', ['\r', '\u0004']],
  ])('%s writes nothing', async (_title, keys) => {
    const folder = tempDir();
    const questions = [
      /Mount points .*: $/,
      /Prometheus, .*: $/,
      /Alertmanager, .*: $/,
      /Units .*: $/,
      /Write to .*: $/,
    ];
    const { code, screen } = await onTerminal(
      folder,
      keys.map((key, at) => [questions[at]!, key] as const),
    );
    expect([code, screen]).toEqual([1, expect.stringContaining('nothing was written')]);
    expect(contents(folder)).toEqual({});
  });
});

describe('what it finds', () => {
  const nobody = { prometheus: 'http://127.0.0.1:1', alertmanager: 'http://127.0.0.1:1', path: '' };

  test.skipIf(!hasPrometheus || !hasAlertmanager)(
    'a real Prometheus and Alertmanager, each only where it is asked for',
    async () => {
      const prometheus = await startPrometheus({ config: 'global: {}\n' });
      const alertmanager = await startAlertmanager({ config: 'route: { receiver: r }\nreceivers: [{ name: r }]\n' });
      const directory = tempDir();
      const right = { directory, prometheus: prometheus.url, alertmanager: alertmanager.url, path: '' };
      expect(await survey(right)).toMatchObject({
        prometheus: prometheus.url,
        alertmanager: alertmanager.url,
      });
      const wrong = { directory, prometheus: alertmanager.url, alertmanager: prometheus.url, path: '' };
      expect(await survey(wrong)).toMatchObject({ prometheus: null, alertmanager: null });
    },
  );

  test('a server that never answers is none, after two seconds', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
    const since = performance.now();
    const found = await survey({ directory: tempDir(), prometheus: url, alertmanager: url, path: '' });
    expect(found).toMatchObject({ prometheus: null, alertmanager: null });
    expect(performance.now() - since).toBeLessThan(10_000);
    silent.close();
  });

  test('systemd, mount points, containers and predictions, in another root', async () => {
    const system = tempDir();
    const bare = await survey({ ...nobody, directory: system, system });
    expect(bare).toMatchObject({ mount_points: [], systemd: false, containers: [], predictions: null });
    mkdirSync(join(system, 'run/systemd/system'), { recursive: true });
    mkdirSync(join(system, 'proc/self'), { recursive: true });
    mkdirSync(join(system, 'bin'));
    writeFileSync(join(system, 'proc/self/mountinfo'), '28 1 8:2 / / rw - ext4 /dev/sda2 rw\n');
    writeFileSync(join(system, 'bin/podman'), '', { mode: 0o755 });
    writeFileSync(join(system, 'predictions-cache.json'), '{}');
    const full = await survey({ ...nobody, directory: system, system, path: join(system, 'bin') });
    expect(full).toMatchObject({ mount_points: ['/'], systemd: true, containers: ['podman'] });
    expect(full.predictions).toBe(join(system, 'predictions-cache.json'));
  });
});
