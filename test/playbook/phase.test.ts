import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type PhaseRequest, runPhase } from '../../src/playbook/phase.ts';
import { survivorsOf } from '../../src/playbook/survivors.ts';
import { permittingPrediction } from '../support/decision.ts';
import { alive, testPlaybook } from '../support/playbook.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

let counter = 0;

function request(playbook: PhaseRequest['playbook'], changes: Partial<PhaseRequest> = {}): PhaseRequest {
  return {
    execution_id: `EX-${process.pid}-${counter++}`,
    phase: 'run',
    playbook,
    prediction: permittingPrediction(),
    parameters: {},
    log_dir: tempDir(),
    grace: 300,
    ...changes,
  };
}

const log = ({ log_dir, execution_id, phase }: PhaseRequest): string =>
  readFileSync(join(log_dir, `${execution_id}.${phase}.log`), 'utf8');

const daemons: string[] = [];
afterEach(() => {
  for (const file of daemons.splice(0)) for (const pid of alive(file)) process.kill(pid, 'SIGKILL');
});

describe('runPhase', () => {
  it('starts the program in its folder with its arguments, an allowed environment, and the prediction as a file', async () => {
    const kept = join(tempDir(), 'prediction.json');
    process.env['FORESTALL_SECRET_TOKEN'] = 'canary-7f3a';
    const playbook = testPlaybook('answer', {
      args: ['{resource}', '{parameter.mode}'],
      env: { ANSWER_KEEP: kept, HOME: '/own' },
    });
    const asked = request(playbook, {
      phase: 'dry_run',
      parameters: { mode: 'gentle' },
      prediction: permittingPrediction({ resource: '/srv/$(touch x) `id`;\' "' }),
    });
    const outcome = await runPhase(asked);
    delete process.env['FORESTALL_SECRET_TOKEN'];
    expect(outcome).toEqual({
      exit_code: 0,
      duration_seconds: expect.any(Number),
      result: null,
      used_bytes: null,
      error: null,
    });
    const text = log(asked);
    expect(text).toContain(`argument: /srv/$(touch x) \`id\`;' "\nargument: gentle\nargument: --dry-run\n`);
    expect(text).toContain(`folder: ${dirname(playbook.run[0] ?? '')}\n`);
    expect(text).not.toContain('canary-7f3a');
    const names = [...text.matchAll(/^([A-Za-z_]+)=/gm)].map((match) => match[1] ?? '');
    const allowed = [
      'PATH',
      'HOME',
      'USER',
      'LOGNAME',
      'LANG',
      'LC_ALL',
      'TZ',
      'XDG_RUNTIME_DIR',
      'DBUS_SESSION_BUS_ADDRESS',
      'ANSWER_KEEP',
    ];
    const byBash = ['PWD', 'SHLVL', '_'];
    expect(names.filter((name) => ![...allowed, ...byBash].includes(name)).sort()).toEqual([
      'FORESTALL_EXECUTION_ID',
      'FORESTALL_PHASE',
      'FORESTALL_PLAYBOOK',
      'FORESTALL_PREDICTION_FILE',
      'FORESTALL_RESULT_FILE',
    ]);
    expect(text).toContain(`FORESTALL_EXECUTION_ID=${asked.execution_id}\n`);
    expect(text).toContain('FORESTALL_PHASE=dry_run\n');
    expect(text).toContain('FORESTALL_PLAYBOOK=answer\n');
    expect(text).toContain('HOME=/own\n');
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toMatchObject({
      prediction_type: 'disk_exhaustion',
      observed_at: '2026-06-16T08:30:00.000Z',
    });
    expect(existsSync(dirname(/FORESTALL_RESULT_FILE=(.*)/.exec(text)?.[1] ?? '/'))).toBe(false);
    expect(statSync(join(asked.log_dir, `${asked.execution_id}.dry_run.log`)).mode & 0o777).toBe(0o600);
  });

  it('takes the result as the playbook wrote it', async () => {
    const result = {
      summary: 'freed\nmuch',
      changes: 3,
      freed_bytes: 12,
      downtime_seconds: 0.5,
      affects: ['a.service'],
      more: true,
    };
    const outcome = await runPhase(request(testPlaybook('answer', { env: { ANSWER_RESULT: JSON.stringify(result) } })));
    expect(outcome).toMatchObject({
      error: null,
      result: { summary: 'freed much', changes: 3, freed_bytes: 12, downtime_seconds: 0.5, affects: ['a.service'] },
    });
  });

  it.each([
    ['not JSON', '{"changes":', 'not JSON'],
    ['a wrong type', '{"changes":"0"}', 'changes'],
    ['a negative count', '{"changes":-1}', 'changes'],
    ['no object', '[]', 'the document'],
  ])('a dry run whose result is %s failed; after a run it is noted', async (_what, text, problem) => {
    const playbook = testPlaybook('answer', { env: { ANSWER_RESULT: text } });
    const dryRun = await runPhase(request(playbook, { phase: 'dry_run' }));
    expect(dryRun).toMatchObject({ exit_code: 0, result: null, error: expect.stringContaining(problem) });
    const run = await runPhase(request(playbook));
    expect(run).toMatchObject({
      exit_code: 0,
      error: null,
      result: { summary: expect.stringContaining(problem), changes: null },
    });
  });

  it.each([
    ['link', 'a link'],
    ['pipe', 'not a regular file'],
    ['folder', 'not a regular file'],
    ['huge', 'larger than 1048576 bytes'],
  ])('does not read a result file that is a %s', async (ODD, problem) => {
    const outcome = await runPhase(request(testPlaybook('odd-result', { env: { ODD } }), { phase: 'dry_run' }));
    expect(outcome).toMatchObject({ exit_code: 0, result: null, error: expect.stringContaining(problem) });
  });

  it('reports the exit code with the last line, and keeps the result', async () => {
    const outcome = await runPhase(
      request(testPlaybook('answer', { env: { ANSWER_EXIT: '3', ANSWER_RESULT: '{"changes":1}' } })),
    );
    expect(outcome).toMatchObject({
      exit_code: 3,
      error: 'exit code 3; last line: to standard error',
      result: { changes: 1 },
    });
  });

  it('cleans the last line of binary output', async () => {
    const outcome = await runPhase(request(testPlaybook('binary')));
    expect(outcome).toMatchObject({ exit_code: 137, error: 'exit code 137; last line: the last line' });
  });

  it('names the signal that ended it', async () => {
    const outcome = await runPhase(request(testPlaybook('kills-itself')));
    expect(outcome).toMatchObject({ exit_code: null, error: 'ended by SIGKILL; it printed nothing' });
  });

  it('keeps both streams in order, without codes, and lets scripts open /dev/stderr', async () => {
    const asked = request(testPlaybook('colours'));
    await runPhase(asked);
    const pairs = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `out ${i}\nerr ${i}\n`).join('');
    expect(log(asked)).toBe(`${pairs}cut red plain\nto the device\n`);
  });

  it('caps 300 MB of output at 10 MiB in constant memory, first and last lines kept', async () => {
    const asked = request(testPlaybook('floods', { env: { FLOOD: '300000000' } }));
    const before = process.memoryUsage.rss();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 5);
    const outcome = await runPhase(asked);
    clearInterval(watch);
    expect(outcome.error).toBeNull();
    const text = log(asked);
    expect(text.length).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(text.length).toBeGreaterThan(9 * 1024 * 1024);
    expect(text.startsWith('first line\n')).toBe(true);
    expect(text.endsWith('\nlast line\n')).toBe(true);
    expect(text).toMatch(/\[forestall: \d+ bytes of output are left out here/);
    expect(peak - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('ends everything at the time-out: who ignores SIGTERM, forked twice, or left the session', async () => {
    const pids = join(tempDir(), 'pids');
    const asked = request(testPlaybook('never-ends', { env: { PIDS: pids }, timeout: 3000 }));
    const outcome = await runPhase(asked);
    expect(outcome).toMatchObject({
      exit_code: null,
      error: 'timed out after 3s; its process group was ended; last line: ready',
    });
    expect(readFileSync(pids, 'utf8').trim().split('\n')).toHaveLength(4);
    expect(alive(pids)).toEqual([]);
    expect(await survivorsOf(asked.execution_id, null)).toEqual([]);
  });

  it('ends everything when it is aborted', async () => {
    const pids = join(tempDir(), 'pids');
    const abort = new AbortController();
    const asked = request(testPlaybook('never-ends', { env: { PIDS: pids } }), { signal: abort.signal });
    const running = runPhase(asked);
    await eventually(
      () => existsSync(join(asked.log_dir, `${asked.execution_id}.run.log`)) && log(asked).includes('ready'),
    );
    abort.abort();
    expect(await running).toMatchObject({
      exit_code: null,
      error: 'stopped before it was done; its process group was ended; last line: ready',
    });
    expect(alive(pids)).toEqual([]);
  });

  it('does not start what was aborted before', async () => {
    const asked = request(testPlaybook('answer'), { signal: AbortSignal.abort() });
    expect(await runPhase(asked)).toMatchObject({ exit_code: null, error: expect.stringContaining('not started') });
    expect(readdirSync(asked.log_dir)).toEqual([]);
  });

  it('does not wait for a daemon that keeps the output open, and leaves it alone', async () => {
    const pids = join(tempDir(), 'pids');
    daemons.push(pids);
    const outcome = await runPhase(request(testPlaybook('starts-daemon', { env: { PIDS: pids }, timeout: 10_000 })));
    expect(outcome).toMatchObject({ exit_code: 0, error: null });
    expect(outcome.duration_seconds).toBeLessThan(5);
    expect(alive(pids)).toHaveLength(1);
  });

  it('tells pid and start time once it runs; when that cannot be recorded, ends it', async () => {
    const pids = join(tempDir(), 'pids');
    let noted = { pid: 0, pid_started: 0 };
    const asked = request(testPlaybook('never-ends', { env: { PIDS: pids } }), {
      onStarted: async (process) => {
        noted = process;
        await eventually(() => existsSync(pids));
        throw new Error('the ledger is gone');
      },
    });
    expect(await runPhase(asked)).toMatchObject({
      exit_code: null,
      error: expect.stringContaining('the ledger is gone'),
    });
    expect(noted.pid).toBe(Number(readFileSync(pids, 'utf8').split('\n')[0]));
    expect(noted.pid_started).toBeGreaterThan(0);
    expect(alive(pids)).toEqual([]);
  });

  it('inspects the program again just before the start', async () => {
    const playbook = testPlaybook('answer');
    chmodSync(playbook.run[0] ?? '', 0o777);
    expect(await runPhase(request(playbook))).toMatchObject({
      exit_code: null,
      error: expect.stringContaining('can be written by everybody'),
    });
  });

  it('refuses an unsafe value without starting anything', async () => {
    const asked = request(testPlaybook('answer', { args: ['{resource}'] }), {
      prediction: permittingPrediction({ resource: '--now' }),
    });
    expect(await runPhase(asked)).toMatchObject({ error: expect.stringContaining('option') });
    expect(readdirSync(asked.log_dir)).toEqual([]);
  });

  it('runs where the log cannot be kept, and says so', async () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    const warnings: string[] = [];
    const asked = request(testPlaybook('answer'), {
      log_dir: join(file, 'logs'),
      warn: (message) => warnings.push(message),
    });
    expect(await runPhase(asked)).toMatchObject({ exit_code: 0, error: null });
    expect(warnings).toEqual([expect.stringContaining('is not kept')]);
  });

  it('never writes through a link in the log folder', async () => {
    const target = join(tempDir(), 'target');
    writeFileSync(target, 'mine');
    const asked = request(testPlaybook('answer'));
    symlinkSync(target, join(asked.log_dir, `${asked.execution_id}.run.log`));
    expect(await runPhase(asked)).toMatchObject({ error: null });
    expect(readFileSync(target, 'utf8')).toBe('mine');
  });

  it('leaves no temporary folder behind, whatever happened', async () => {
    const playbook = testPlaybook('odd-result', { env: { ODD: 'folder' } });
    const gone = testPlaybook('answer');
    rmSync(gone.run[0] ?? '');
    const usual = process.env['TMPDIR'];
    const own = tempDir();
    const requests = [request(playbook), request(gone)] as const;
    process.env['TMPDIR'] = own;
    expect(await runPhase(requests[0])).toMatchObject({ exit_code: 0 });
    expect(await runPhase(requests[1])).toMatchObject({ error: expect.stringContaining('does not exist') });
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
    expect(readdirSync(own)).toEqual([]);
  });
});
