import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { createRandom } from '../../scripts/forecaster/random.ts';
import { alive, program } from '../support/playbook.ts';
import { SEED } from '../support/seed.ts';
import {
  alertBody,
  DISK,
  ended,
  type Home,
  makeHome,
  RECORDING_PLAYBOOK,
  type Service,
  startService,
} from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { type Answered, createSender, expectSoundHistory, settled } from './traffic.ts';
import { watched } from './watched.ts';

/** How often a service is told to stop under load. */
const ROUNDS = Number(process.env['FORESTALL_ROUNDS'] ?? 10);

vi.setConfig({ testTimeout: 120_000 });

/** A home with another playbook in the place of the recording one, and every resource a scope of its own. */
function homeWith(playbook: object, execution: object = {}): Home {
  return makeHome({
    config: (config) => {
      const { recording } = config['playbooks'] as { recording: object };
      return { ...config, playbooks: { recording: { ...recording, ...playbook } }, execution };
    },
    mapping: (mapping) => {
      mapping.mappings[0].resource_filter = '*';
      mapping.mappings[0].action.limit_scope = 'resource';
      mapping.mappings[0].safety_checks = [];
      mapping.global_settings.max_daily_executions = 10_000;
      return mapping;
    },
  });
}

/** A program of our own, which nobody else can write. */
function script(text: string): string {
  const path = join(tempDir(), 'playbook');
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

async function post(service: Service, labels: Record<string, string> = {}): Promise<any> {
  const { decisions } = (await (await service.post('/webhook', alertBody(labels))).json()) as any;
  return decisions[0];
}

async function run(service: Service, labels: Record<string, string> = {}): Promise<any> {
  const decision = await post(service, labels);
  expect(decision).toMatchObject({ verdict: 'approved' });
  return await ended(service, decision.execution_id, 40_000);
}

const DRY_RUN = ['/bin/sh', '-c', 'exit 0'];

describe('a playbook that runs', () => {
  it('past its time-out is ended with all of its family, whatever they ignore and wherever they went (fault 27)', async () => {
    const pids = join(tempDir(), 'pids');
    writeFileSync(pids, '');
    const home = homeWith({ run: [program('never-ends')], dry_run: DRY_RUN, timeout: '2s', env: { PIDS: pids } });
    const service = await startService(home);
    const execution = await run(service);
    expect(execution).toMatchObject({ state: 'failed', run: { error: expect.stringMatching(/^timed out after 2s/) } });
    expect(readFileSync(pids, 'utf8').trim().split('\n')).toHaveLength(4);
    expect(alive(pids)).toEqual([]);
    await service.stop();
  });

  it('may print as much as it likes: the first and the last of it are kept, and memory stays flat', async () => {
    const home = homeWith({ run: [program('floods')], dry_run: DRY_RUN, env: { FLOOD: String(200 * 1024 * 1024) } });
    const service = await startService(home);
    const memory = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))![1]) * 1024;
    const before = memory();
    const execution = await run(service);
    expect(execution.state).toBe('succeeded');
    const output = await (await service.get(`/api/v1/executions/${execution.id}/output?phase=run`)).text();
    expect(output.length).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(output).toMatch(/^first line\n/);
    expect(output).toMatch(/bytes of output are left out here/);
    expect(output).toMatch(/\nlast line\n$/);
    expect(memory() - before).toBeLessThan(96 * 1024 * 1024);
    await service.stop();
  });

  it('gets the environment that was promised and nothing else of the service', async () => {
    const home = homeWith({ run: ['/usr/bin/env'], dry_run: DRY_RUN, env: { MODE: 'gentle' } });
    const service = await startService(home, {
      env: { FORESTALL_TOKEN: 'hidden', AWS_SECRET: 'hidden', LANG: 'C.UTF-8' },
    });
    const { id } = await run(service);
    const output = await (await service.get(`/api/v1/executions/${id}/output?phase=run`)).text();
    const names = output
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.sort()).toEqual(
      [
        'PATH',
        'HOME',
        'TZ',
        'LANG',
        'MODE',
        'FORESTALL_EXECUTION_ID',
        'FORESTALL_PLAYBOOK',
        'FORESTALL_PHASE',
        'FORESTALL_PREDICTION_FILE',
        'FORESTALL_RESULT_FILE',
      ].sort(),
    );
    expect(output).not.toContain('hidden');
    await service.stop();
  });
});

describe('what a payload says', () => {
  it('reaches a playbook as single arguments that nobody evaluates', async () => {
    const folder = tempDir();
    const canary = join(folder, 'canary');
    const hostile = [
      `$(touch ${canary})`,
      `\`touch ${canary}\``,
      `; touch ${canary} #`,
      `a && touch ${canary}`,
      `x | touch ${canary}`,
      `' ; touch ${canary} ; '`,
      `" ; touch ${canary} ; "`,
      `\${IFS}touch \${IFS}${canary}`,
      `%0atouch ${canary}`,
      '{host}',
      '../../../etc/passwd',
      '~root/* ?',
    ];
    const told = join(folder, 'arguments');
    const tells = script(`#!/bin/sh\nprintf '%s\\037' "$@" >>"$TOLD"\nprintf '\\n' >>"$TOLD"\n`);
    const args = ['{resource}', '{label.note}', 'note={label.note}', '{host}'];
    const home = homeWith(
      { run: [tells, ...args], dry_run: [tells, ...args, '--dry-run'], env: { TOLD: told } },
      { max_parallel: 4 },
    );
    const predictions = hostile.map((value) => ({ ...DISK, resource: value, host: value, labels: { note: value } }));
    home.writePredictions(predictions);
    const service = await startService(home);
    for (const value of hostile) {
      const labels = { resource: value, host: value, playbook: value, command: value };
      expect(await run(service, labels)).toMatchObject({ state: 'succeeded', playbook: 'recording' });
    }
    const lines = readFileSync(told, 'utf8').split('\n').filter(Boolean);
    const real = lines.map((line) => line.split('\u001f').slice(0, -1)).filter((line) => line.at(-1) !== '--dry-run');
    expect(real).toEqual(hostile.map((value) => [value, value, `note=${value}`, value]));
    expect(existsSync(canary)).toBe(false);
    expect(readdirSync(folder)).toEqual(['arguments']);
    await service.stop();
  });

  it.each([
    ['a newline', '/data\nrm'],
    ['a leading dash', '-rf'],
    ['a bidirectional control', '/data\u202Egnp'],
    ['an escape', '/data\u001b[2J'],
    ['more than 1,024 characters', 'x'.repeat(1_025)],
  ])('is refused where it holds %s', async (_what, value) => {
    const home = homeWith({});
    home.writePredictions([
      { ...DISK, resource: value },
      { ...DISK, labels: { note: value } },
    ]);
    const service = await startService(home);
    expect(await post(service, { resource: value })).toMatchObject({ verdict: 'rejected', execution_id: null });
    if (!value.startsWith('-')) {
      expect(await post(service)).toMatchObject({ verdict: 'rejected', execution_id: null });
    }
    expect((await service.json('/api/v1/executions')).items).toEqual([]);
    expect(home.records()).toEqual([]);
    await service.stop();
  });
});

describe('a program', () => {
  const broken: readonly [string, (path: string) => void, RegExp][] = [
    ['can be written by everybody', (path) => chmodSync(path, 0o777), /can be written by everybody/],
    ['may not be executed', (path) => chmodSync(path, 0o644), /may not be executed/],
    ['is gone', (path) => unlinkSync(path), /does not exist/],
    [
      'is a link to what everybody can write',
      (path) => {
        const loose = join(tempDir(), 'loose');
        copyFileSync(path, loose);
        chmodSync(loose, 0o777);
        unlinkSync(path);
        symlinkSync(loose, path);
      },
      /can be written by everybody/,
    ],
  ];

  it.each(broken)('that %s is not started', async (_what, spoil, says) => {
    const path = script(readFileSync(RECORDING_PLAYBOOK, 'utf8'));
    const home = homeWith({ run: [path, '{resource}'] });
    const service = await startService(home);
    spoil(path);
    const execution = await run(service);
    expect(execution).toMatchObject({
      state: 'dry_run_failed',
      started_at: null,
      message: expect.stringMatching(says),
    });
    expect(home.records()).toEqual([]);
    await service.stop();
  });

  it('that is made writable between dry run and run is not run', async () => {
    const path = script(readFileSync(RECORDING_PLAYBOOK, 'utf8'));
    // The dry run itself does it: there is no other moment that is surely between the two.
    const home = homeWith({ run: [path, '{resource}'], dry_run: ['/bin/chmod', '777', path] });
    const service = await startService(home);
    const execution = await run(service);
    expect(execution).toMatchObject({
      state: 'rejected',
      started_at: null,
      message: expect.stringMatching(/everybody/),
    });
    expect(home.records()).toEqual([]);
    await service.stop();
  });
});

describe('a service that is told to stop', () => {
  it('waits for the run, refuses what comes, and exits 0', async () => {
    const hold = join(tempDir(), 'release');
    const home = homeWith({});
    home.writeConfig((config: any) => {
      config.playbooks.recording.env.HOLD_RUN = hold;
      return config;
    });
    const service = await startService(home);
    const { execution_id } = await post(service);
    await eventually(() => home.runs().length === 1, { timeout: 20_000 });
    service.signal('SIGTERM');
    await eventually(async () => (await service.get('/-/ready')).status === 503);
    expect((await service.post('/webhook', alertBody())).status).toBe(503);
    expect((await service.get('/-/healthy')).status).toBe(200);
    writeFileSync(hold, '');
    expect(await service.exited()).toBe(0);
    const { executions } = expectSoundHistory(home, []);
    expect(executions).toMatchObject([{ id: execution_id, state: 'succeeded' }]);
  });

  it('ends the run when its patience is over, and records it as interrupted', async () => {
    const pids = join(tempDir(), 'pids');
    writeFileSync(pids, '');
    const home = homeWith(
      { run: [program('never-ends')], dry_run: DRY_RUN, env: { PIDS: pids } },
      { drain_timeout: '1s' },
    );
    const service = await startService(home);
    await post(service);
    await eventually(() => readFileSync(pids, 'utf8').split('\n').length > 4, { timeout: 20_000 });
    expect(await service.stop()).toBe(0);
    expect(alive(pids)).toEqual([]);
    const { executions } = expectSoundHistory(home, []);
    expect(executions.map(({ state }) => state)).toEqual(['interrupted']);
  });

  it('again and again, at any moment under load, loses nothing that it accepted (fault 40)', {
    timeout: 60_000 + ROUNDS * 20_000,
  }, async () => {
    console.info(`FORESTALL_SEED=${SEED}`);
    const random = createRandom(`${SEED}/stops`);
    const EACH = 6;
    const home = await watched(homeWith({}, { max_parallel: 2, drain_timeout: '10s' }));
    const resources = Array.from({ length: ROUNDS * EACH }, (_, at) => `/data/${at}`);
    home.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
    const answers: Answered[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const service = await home.start();
      const sender = createSender(service, 6);
      const batch = resources.slice(round * EACH, (round + 1) * EACH).flatMap((resource) => [resource, resource]);
      const stopAt = Math.floor(random.share() * batch.length);
      let answered = 0;
      const all = batch.map(async (resource) => {
        answers.push(await sender.deliver(alertBody({ resource })));
        if (++answered > stopAt && random.chance()) service.signal('SIGTERM');
      });
      await Promise.all(all);
      expect(await service.stop()).toBe(0);
      sender.close();
    }
    const last = await home.start();
    // What each round accepted and did not begin is left to the next one, and in the end to this.
    await settled(home, 60_000 + ROUNDS * 5_000);
    await last.stop();
    const { executions } = expectSoundHistory(home, answers);
    const statuses = new Set(answers.map(({ status }) => status));
    // 200, or no: with a 503, or a connection that was closed or not taken any more.
    expect([...statuses].filter((status) => status !== 200 && status !== 503 && status !== null)).toEqual([]);
    const approved = answers.flatMap(({ decisions }) => decisions).filter(({ verdict }) => verdict === 'approved');
    expect(approved.length).toBeGreaterThan(0);
    expect(new Set(executions.map(({ state }) => state))).toEqual(new Set(['succeeded']));
  });
});
