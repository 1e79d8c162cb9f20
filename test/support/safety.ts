import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '../../src/playbook/command.ts';
import type { RunCommand } from '../../src/safety/fact.ts';
import { createSafety, type Safety, type SafetyOptions } from '../../src/safety/safety.ts';
import { program } from './playbook.ts';
import { tempDir } from './temp.ts';

/** Files of a folder that stands in for `/proc`: a healthy machine with two CPUs. */
export const PROC: Readonly<Record<string, string>> = {
  meminfo: 'MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     600 kB\nSwapTotal: 0 kB\n',
  swaps: 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  loadavg: '0.50 0.40 0.30 1/234 5678\n',
  stat: 'cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 1\n',
  'pressure/memory': 'some avg10=0.00 avg60=1.50 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  'pressure/io': 'some avg10=0.00 avg60=2.50 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  '1/stat': '1 (systemd) S 0 1 1 0 -1\n',
  '1/cmdline': '/sbin/init\0',
};

export function folderOf(files: Readonly<Record<string, string | null>>): string {
  const folder = tempDir();
  for (const [name, text] of Object.entries(files)) {
    if (text === null) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** `NAME` → the three lines that `systemctl show` prints about it. */
export function unit(active: string, sub: string, load = 'loaded'): string {
  return `LoadState=${load}\nActiveState=${active}\nSubState=${sub}\n`;
}

export interface FakeHost {
  readonly proc?: Readonly<Record<string, string | null>>;
  readonly units?: Readonly<Record<string, string>>;
  /** How the stand-in for systemctl misbehaves, see test/programs/systemctl. */
  readonly systemctl?: string;
  /** False: there is none on PATH. */
  readonly hasSystemctl?: boolean;
  readonly options?: Partial<SafetyOptions>;
}

/** Safety on a stand-in host: its `/proc`, and a systemctl on PATH that answers from files. Commands really run. */
export function safetyOn(host: FakeHost = {}): Safety & { readonly unitFolder: string } {
  const unitFolder = folderOf({ '.manager': 'NFailedUnits=0\n', 'user/.keep': '', ...host.units });
  const tools = host.hasSystemctl === false ? tempDir() : dirname(program('systemctl'));
  const path = host.hasSystemctl === false ? tools : `${tools}:${process.env['PATH']}`;
  const onHost: RunCommand = (request) =>
    runCommand({ ...request, env: { ...request.env, PATH: path, UNITS: unitFolder, SYSTEMCTL: host.systemctl ?? '' } });
  const safety = createSafety({
    facts: {},
    runCommand: onHost,
    queryScalar: null,
    critical_services: [],
    backup_units: [],
    now: Date.now,
    procRoot: folderOf({ ...PROC, ...host.proc }),
    systemdRoot: tempDir(),
    isRoot: true,
    ...host.options,
  });
  return { ...safety, unitFolder };
}
