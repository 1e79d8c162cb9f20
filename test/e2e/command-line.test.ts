import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import {
  alertBody,
  DISK,
  ENV,
  type Finished,
  forestall,
  type Home,
  makeHome,
  startService,
  TOKEN,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const WEBHOOK = 'https://discord.test/api/webhooks/1/secret-of-discord';

/** Runs a command on this home. */
const on = (home: Home, ...args: string[]): Promise<Finished> => forestall([...args, '--config', home.config]);

describe('usage', () => {
  it('--version and --help are answers', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await forestall(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await forestall(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of [
      'serve',
      'run',
      'check',
      'rules',
      'explain',
      'doctor',
      'forecast',
      'init',
      'history',
      'demo',
    ]) {
      expect(help.stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    }
    const ofRun = await forestall(['run', '--help']);
    expect(ofRun).toMatchObject({ code: 0, stderr: '' });
    for (const option of ['--config', '--log-level', '--log-format', '--dry-run', '--json', '--help']) {
      expect(ofRun.stdout).toContain(option);
    }
  });

  it.for([
    [[], /Usage/],
    [['remediate'], /unknown command 'remediate'/],
    [['run', '--force'], /unknown option '--force'/],
    [['run', 'now'], /too many arguments/],
    [['serve', '--log-level', 'loud'], /Allowed choices are trace/],
    [['explain', '--type', 'disk_exhaustion'], /--resource <resource>' not specified/],
    [
      ['explain', '--type', 'a', '--resource', '/', '--days', 'soon', '--confidence', '1'],
      /--days soon is not a number/,
    ],
    [['history', '--limit', '0'], /1 to 500/],
    [['pause', '--for', 'a while'], /--for a while is not a duration/],
  ] as const)('%j is wrong usage: 2, and nothing on standard output', async ([args, says]) => {
    const { code, stdout, stderr } = await forestall(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
  });
});

describe('a result that nobody takes', () => {
  const started = (output: 'pipe' | number) =>
    spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', output, 'pipe'], env: ENV });
  const ended = async (child: ChildProcess) => {
    const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
    return { code, stderr };
  };

  it('is no failure where the reader has left', async () => {
    const child = started('pipe');
    child.stdout!.destroy();
    expect(await ended(child)).toEqual({ code: 0, stderr: '' });
  });

  it('is one where it cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await ended(started(full));
    closeSync(full);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^forestall: results could not be written to standard output: ENOSPC/);
  });
});

describe('an unusable configuration', () => {
  it('is 2, with the place of every problem of both files at once', async () => {
    const home = makeHome({
      config: (document) => ({ ...document, web: { listen: '0.0.0.0:0' }, log_dirs: 'logs' }),
      mapping: (document) => {
        document.mappings[0].conditions.min_confidence = 70;
        document.mappings[0].action.playbook = 'cleaning';
        return document;
      },
    });
    for (const args of [['serve'], ['run'], ['check'], ['rules', '--output', '-'], ['history'], ['pause']]) {
      const { code, stdout, stderr } = await on(home, ...args);
      expect([code, stdout]).toEqual([2, '']);
      const lines = stderr.trim().split('\n');
      const at = (file: string, path: string) =>
        lines.findIndex(
          (line) =>
            line.startsWith(`${file}:`) && /^:\d+:\d+: /.test(line.slice(file.length)) && line.includes(`: ${path}: `),
        );
      expect(lines[at(home.config, 'web.listen')]).toMatch(/0\.0\.0\.0:0.*no token/);
      expect(at(home.config, 'log_dirs')).toBeGreaterThanOrEqual(0);
      expect(lines[at(home.mapping, 'mappings[0].conditions.min_confidence')]).toMatch(/70/);
      expect(lines[at(home.mapping, 'mappings[0].action.playbook')]).toMatch(/cleaning/);
      expect(lines).toHaveLength(4);
    }
    expect(existsSync(home.database)).toBe(false);
  });

  it('names a file that is not there, and how to name another', async () => {
    const { code, stderr } = await forestall(['check', '--config', '/nonexistent/forestall.yaml']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/\/nonexistent\/forestall\.yaml: .*--config or \$FORESTALL_CONFIG/);
  });

  it('comes from $FORESTALL_CONFIG where no option names one', async () => {
    const home = makeHome();
    const env = { FORESTALL_CONFIG: home.config };
    expect(await forestall(['history'], { env })).toMatchObject({ code: 0, stdout: 'no executions on record\n' });
    const other = makeHome({ mapping: (document) => ({ ...document, mapping: [] }) });
    expect(await forestall(['history', '--config', other.config], { env })).toMatchObject({ code: 2 });
  });

  it('never shows a secret', async () => {
    const web = { listen: '127.0.0.1:0', bearer_token: `${TOKEN} with blanks` };
    const bad = makeHome({ config: (document) => ({ ...document, web, discord: { webhook_url: `not ${WEBHOOK}` } }) });
    const refused = await on(bad, 'check');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/bearer_token: found something else/);

    const home = makeHome({ config: (document) => ({ ...document, discord: { webhook_url: WEBHOOK } }) });
    const service = await startService(home);
    const pages = ['/metrics', '/api/v1/status', '/api/v1/executions', '/-/ready'];
    const served = await Promise.all(pages.map(async (path) => await (await service.get(path)).text()));
    expect((await fetch(`${service.url}/metrics`)).status).toBe(401);
    await service.stop();
    const printed = await Promise.all([on(home, 'check', '--log-level', 'trace'), on(home, 'history', '--json')]);
    for (const text of [refused.stderr, ...served, JSON.stringify(service.log()), JSON.stringify(printed)]) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain('secret-of-discord');
    }
  });
});

describe('run', () => {
  it('acts once: the second pass refuses; results on standard output, the log on standard error', async () => {
    const home = makeHome();
    const first = await on(home, 'run', '--json', '--log-format', 'json');
    expect(first.code).toBe(0);
    const document = JSON.parse(first.stdout);
    expect(document).toMatchObject({
      dry_run: false,
      sources: [{ up: true, problem: null }],
      decisions: [{ trigger: 'run', verdict: 'approved', target: { resource: '/data' } }],
      executions: [{ state: 'succeeded', trigger: 'run', run: { exit_code: 0 } }],
    });
    for (const line of first.stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
    const textfile = readFileSync(join(home.folder, 'proactive-remediation.prom'), 'utf8');
    expect(textfile).toContain('proactive_remediation_executions_total{playbook="recording",result="success"} 1');
    expect(textfile).toMatch(/^proactive_remediation_last_run_timestamp 1?\d/m);
    expect(JSON.parse(readFileSync(join(home.folder, 'issues.json'), 'utf8')).issues).toHaveLength(1);

    const second = await on(home, 'run');
    expect(second.code).toBe(0);
    expect(second.stdout).toMatch(/disk_exhaustion of "\/data": deferred, cooldown: /);
    expect(second.stdout).toMatch(/1 predictions?, 0 executions/);
    expect(home.runs()).toHaveLength(1);
  });

  it('counts predictions in a row over passes, each a process of its own', async () => {
    const home = makeHome({
      mapping(mapping) {
        mapping.mappings[0].conditions.min_consecutive = 3;
        return mapping;
      },
    });
    const now = Date.now();
    // The third pass reads what the second read: that is no further prediction.
    for (const [minutes, says] of [
      [30, /1 in a row < 3/],
      [20, /2 in a row < 3/],
      [20, /2 in a row < 3/],
      [10, /approved/],
    ] as const) {
      home.writePredictions([{ ...DISK, observed_at: new Date(now - minutes * 60_000).toISOString() }]);
      expect((await on(home, 'run')).stdout).toMatch(says);
    }
    expect(home.runs()).toHaveLength(1);
  });

  it('of a readable file with nothing but old predictions refuses, and is no failure', async () => {
    const home = makeHome();
    home.writePredictions([{ ...DISK, observed_at: '2026-01-01T00:00:00Z' }]);
    const { code, stdout } = await on(home, 'run');
    expect(stdout).toMatch(/rejected, stale_prediction/);
    expect(code).toBe(0);
  });

  it('--dry-run stops after the dry run, and spends nothing', async () => {
    const home = makeHome();
    for (const _ of [1, 2]) {
      const { code, stdout } = await on(home, 'run', '--dry-run', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ dry_run: true, executions: [{ state: 'dry_run_only', run: null }] });
    }
    expect(home.runs()).toEqual([]);
    expect(await on(home, 'run')).toMatchObject({ code: 0 });
    expect(home.runs()).toHaveLength(1);
  });

  it('a failing playbook, or no readable source, is 1', async () => {
    const home = makeHome({ env: { EXIT_RUN: '3' } });
    const failed = await on(home, 'run');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/recording failed \(/);
    writeFileSync(home.predictions, '{"predictions": [');
    const blind = await on(home, 'run');
    expect(blind.code).toBe(1);
    expect(blind.stdout).toMatch(/predictions\.json could not be read: /);
    expect(home.runs()).toHaveLength(1);
  });

  it('beside serve on the same store, one run is made', async () => {
    const home = makeHome();
    const service = await startService(home);
    const [answer, pass] = await Promise.all([service.post('/webhook', alertBody()), on(home, 'run', '--json')]);
    const [decision] = ((await answer.json()) as any).decisions;
    const verdicts = [decision.verdict, JSON.parse(pass.stdout).decisions[0].verdict].sort();
    expect(verdicts).toEqual(['approved', 'deferred']);
    await eventually(async () => (await service.json('/api/v1/executions?state=succeeded')).items.length === 1);
    expect(home.runs()).toHaveLength(1);
  });
});

describe('what looks and what writes files', () => {
  it('check: 0, and 1 for a playbook that cannot run or rules that are not up to date', async () => {
    const home = makeHome();
    const fine = await on(home, 'check', '--probe');
    expect([fine.code, fine.stdout.match(/^PROBLEM.*/gm)]).toEqual([0, null]);
    expect(fine.stdout).toMatch(/^ok +playbook recording 1\.0: \//m);
    expect(fine.stdout).toMatch(/^ok +fact memory_usage = \d/m);
    expect(fine.stdout).toMatch(/^ok +source file:.*predictions\.json is readable$/m);

    writeFileSync(home.predictions, 'nonsense');
    expect(await on(home, 'check')).toMatchObject({ code: 0 });
    const probed = await on(home, 'check', '--probe');
    expect(probed.code).toBe(1);
    expect(probed.stdout).toMatch(/^PROBLEM +source .*predictions\.json/m);

    const program = join(home.folder, 'playbook');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o644);
    home.writeConfig((document: any) => {
      document.playbooks.recording.run = [program];
      return document;
    });
    const missing = await on(home, 'check');
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(/^PROBLEM +playbook recording: .*execut/m);
  });

  it('rules: standard output, a file, and whether it differs', async () => {
    const home = makeHome();
    const file = join(home.folder, 'rules.yml');
    const printed = await on(home, 'rules', '--output', '-');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(await on(home, 'rules', '--output', file, '--check')).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(file)).toBe(false);
    expect(await on(home, 'rules', '--output', file)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toBe(printed.stdout);
    expect(await on(home, 'rules', '--output', file, '--check')).toMatchObject({ code: 0 });
    writeFileSync(file, printed.stdout.replace('0.7', '0.6'));
    const differs = await on(home, 'rules', '--output', file, '--check');
    expect(differs.code).toBe(1);
    expect(differs.stderr).toContain(`forestall rules --output ${file}`);
    expect(await on(home, 'rules', '--output', join(home.folder, 'no', 'rules.yml'))).toMatchObject({
      code: 1,
      stdout: '',
    });
  });

  it('explain: every gate, and no side effect', async () => {
    const home = makeHome();
    const files = () =>
      readFileSync(home.predictions, 'utf8') + existsSync(home.database) + existsSync(join(home.folder, 'logs'));
    const before = files();
    const ask = (days: string, confidence: string, ...more: string[]) =>
      on(
        home,
        'explain',
        '--type',
        'disk_exhaustion',
        '--resource',
        '/data',
        '--days',
        days,
        '--confidence',
        confidence,
        ...more,
      );
    const yes = await ask('8.2', '0.85');
    expect(yes).toMatchObject({ code: 0, stderr: '' });
    expect(yes.stdout).toMatch(/^ {2}pass {2}too_urgent +8\.2 days >= 3$/m);
    expect(yes.stdout).toMatch(/^approved: approved, playbook recording$/m);
    expect(yes.stdout).toMatch(/^ {2}pass {2}memory_usage < 100%/m);
    const no = await ask('now', '0.5', '--host', 'nas', '--json');
    const decision = JSON.parse(no.stdout);
    expect(decision).toMatchObject({ id: null, trigger: 'cli', reason: 'too_urgent', prediction: { host: 'nas' } });
    const stopped = decision.gates.filter(({ outcome }: any) => outcome === 'stop').map(({ gate }: any) => gate);
    expect(stopped).toEqual(['too_urgent', 'low_confidence']);
    expect(files()).toBe(before);
    expect(home.records()).toEqual([]);
  });

  it('history: the list, one, its output', async () => {
    const home = makeHome();
    home.writePredictions([{ ...DISK, host: 'nas' }]);
    const [{ id }] = JSON.parse((await on(home, 'run', '--json')).stdout).executions;
    const list = await on(home, 'history');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(new RegExp(`^20\\S+  ${id}  succeeded +recording  "/data" on nas\\n$`));
    const listed = JSON.parse(
      (await on(home, 'history', '--json', '--state', 'succeeded', '--playbook', 'recording')).stdout,
    );
    expect(listed).toMatchObject({ items: [{ id, state: 'succeeded' }], next: null });
    expect(JSON.parse((await on(home, 'history', id, '--json')).stdout)).toEqual(listed.items[0]);
    expect(await on(home, 'history', id, '--output', 'dry_run')).toMatchObject({
      code: 0,
      stdout: 'dry_run of /data --dry-run\n',
    });
    expect((await on(home, 'history', id)).stdout).toMatch(/run: exit code 0, .*cleaned; 1024 bytes/);
    expect((await on(home, 'history', '--state', 'failed')).stdout).toBe('no executions on record\n');
    expect(await on(home, 'history', 'nobody')).toMatchObject({ code: 1, stdout: '' });
    expect(await on(home, 'history', '--state', 'done')).toMatchObject({ code: 2, stdout: '' });
    expect(await on(home, 'history', id, '--output', 'claimed')).toMatchObject({ code: 2, stdout: '' });
  });
});
