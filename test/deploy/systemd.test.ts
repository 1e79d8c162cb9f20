import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { hasStrace } from '../e2e/strace.ts';
import { alertBody, ended, makeHome, startService } from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { readUnit, UNITS, valuesOf } from './units.ts';

vi.setConfig({ testTimeout: 120_000 });

const SERVICES = ['forestall.service', 'forestall-run.service'] as const;
/** In CI it has to be there. */
const withSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 || process.env['CI'] === 'true';

function analyze(...args: readonly string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

/** All units in one folder, as they are on a host where the project lies here. */
function installed(): string {
  const folder = tempDir();
  for (const name of UNITS) {
    writeFileSync(join(folder, name), readUnit(name).replaceAll('/opt/forestall', ROOT));
  }
  return folder;
}

/** systemd's time spans in seconds, as far as the units use them. */
function seconds(span: string): number {
  const [, count, unit] = /^(\d+)(s|min|h)$/.exec(span) ?? [];
  return Number(count) * { s: 1, min: 60, h: 3600 }[unit as 's' | 'min' | 'h'];
}

test('every unit that the docs name is there', () => {
  expect(UNITS.toSorted()).toEqual([
    'forestall-playbook@.service',
    'forestall-run.service',
    'forestall-run.timer',
    'forestall.service',
  ]);
});

describe.runIf(withSystemd)('systemd-analyze', () => {
  test.each(UNITS)('verifies %s', (name) => {
    expect(analyze('verify', join(installed(), name))).toEqual({ status: 0, said: '' });
  });

  // Tenths of what `systemd-analyze security` calls exposure: levels that can only get better.
  test.each([
    ['forestall.service', 20],
    ['forestall-run.service', 18],
    ['forestall-playbook@.service', 54],
  ])('%s is exposed by at most %i', (name, level) => {
    const { status, said } = analyze('security', '--offline=true', `--threshold=${level}`, join(installed(), name));
    expect(status, said).toBe(0);
  });

  test('the timer is due at three in the morning', () => {
    const [when] = valuesOf(readUnit('forestall-run.timer'), 'OnCalendar');
    const { status, said } = analyze('calendar', '--base-time=2026-01-31 12:00:00', when!);
    expect(status, said).toBe(0);
    expect(said).toContain('2026-02-01 03:00:00');
    expect(readUnit('forestall-run.timer')).toMatch(/^Persistent=true$/m);
    expect(valuesOf(readUnit('forestall-run.timer'), 'RandomizedDelaySec').map(seconds)[0]).toBeGreaterThan(0);
  });
});

test('both services have the same sandbox, user and secrets', () => {
  const [serve, run] = SERVICES.map((name) => readUnit(name));
  const sandbox = (text: string) => text.slice(text.indexOf('# The sandbox.'), text.indexOf('# Not set:'));
  expect(sandbox(serve!)).toMatch(/^ProtectSystem=strict$/m);
  expect(sandbox(run!)).toBe(sandbox(serve!));
  for (const key of ['User', 'Group', 'StateDirectory', 'LoadCredential', 'Environment', 'KillMode'])
    expect(valuesOf(run!, key)).toEqual(valuesOf(serve!, key));
});

test.each(SERVICES)('%s waits at its end for what the service waits for', (name) => {
  const folder = tempDir();
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'forestall.yaml'), '');
  writeFileSync(join(folder, 'action-mapping.json'), '{"mappings":[]}');
  const loaded = loadConfig({ file: join(folder, 'forestall.yaml'), env: {}, home: '/' });
  const drain = loaded.ok ? loaded.config.execution.drain_timeout / 1000 : Number.NaN;
  expect(valuesOf(readUnit(name), 'TimeoutStopSec').map(seconds)[0]).toBeGreaterThanOrEqual(drain + 60);
  expect(valuesOf(readUnit(name), 'KillMode')).toEqual(['mixed']);
});

test.each(SERVICES)('%s leaves alone what would break the service', (name) => {
  const text = readUnit(name);
  // V8 compiles at run time; active_backups has to see the processes of others; a shared user keeps its shared memory.
  for (const key of ['MemoryDenyWriteExecute', 'RemoveIPC', 'DynamicUser', 'PrivateNetwork'])
    expect(valuesOf(text, key)).toEqual([]);
  expect(valuesOf(text, 'ProtectProc')).toEqual(['default']);
  expect(valuesOf(text, 'ProcSubset')).toEqual(['all']);
  // Hidden, /home would be measured as the file system that stands in for it.
  expect(valuesOf(text, 'ProtectHome')).toEqual(['read-only']);
  expect(text).not.toMatch(/^Environment=.*(?:TOKEN|SECRET|WEBHOOK)/im);
});

/** The names behind a filter of systemd's, groups within groups too. */
function members(filter: string): readonly string[] {
  if (!filter.startsWith('@')) return [filter];
  const { said } = analyze('syscall-filter', filter);
  const inside = [...said.matchAll(/^ {4}([@\w-]+)$/gm)].map(([, name]) => name!);
  return inside.flatMap(members);
}

function allowedBy(text: string): ReadonlySet<string> {
  // @default is part of every list of allowed calls.
  const allowed = new Set(members('@default'));
  for (const value of valuesOf(text, 'SystemCallFilter')) {
    for (const name of value.replace(/^~/, '').split(' ').flatMap(members))
      value.startsWith('~') ? allowed.delete(name) : allowed.add(name);
  }
  return allowed;
}

test.skipIf(!withSystemd || !hasStrace)(
  'the service does all its work where every system call fails that the unit does not allow',
  async () => {
    const allowed = allowedBy(readUnit('forestall.service'));
    expect(allowed.size).toBeGreaterThan(250);
    const refused = [...new Set(members('@known'))].filter((name) => !allowed.has(name));
    expect(refused).toEqual(expect.arrayContaining(['mount', 'setuid', 'ptrace', 'bpf', 'reboot']));
    const log = join(tempDir(), 'refused.txt');
    const names = refused.map((name) => `?${name}`).join(',');
    const home = makeHome();
    const wrapper = ['strace', '-D', '-f', '--seccomp-bpf', '-qq', '-o', log];
    const service = await startService(home, {
      wrapper: [...wrapper, '-e', `trace=${names}`, '-e', `inject=${names}:error=EPERM`],
    });
    const [decision] = ((await (await service.post('/webhook', alertBody())).json()) as any).decisions;
    expect((await ended(service, decision.execution_id, 60_000)).state).toBe('succeeded');
    service.signal('SIGHUP');
    await eventually(() => service.log().some(({ msg }) => msg === 'configuration reloaded'), { timeout: 30_000 });
    expect(await service.stop()).toBe(0);
    const calls = [...readFileSync(log, 'utf8').matchAll(/^\d+ +(\w+)\(/gm)].map(([, name]) => name!);
    expect([...new Set(calls)]).toEqual([]);
  },
);
