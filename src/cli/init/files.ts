import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandContext, CommandError, NO } from '../context.ts';
import { type Choices, stateFolder } from './choices.ts';
import { configurationText, mappingText, SHIPPED_PLAYBOOKS } from './configuration.ts';
import { alertmanagerText, prometheusText } from './monitoring.ts';
import { playbookUnitText, unitText } from './units.ts';

/** One file to write. */
export interface Planned {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Every file but the generated rules, which follow from the configuration once it is there. */
export function plan(choices: Choices, token: string): readonly Planned[] {
  const { directory, home, systemd, isRoot } = choices;
  const shipped = (path: string) => readFileSync(join(home, path), 'utf8');
  const present = readdirSync(join(home, 'config/playbooks')).filter((name) => SHIPPED_PLAYBOOKS.includes(name));
  const file = (path: string, text: string, mode = 0o644): Planned => ({ path: join(directory, path), text, mode });
  const files = [
    file('config/forestall.yaml', configurationText(shipped('config/forestall.yaml'), choices)),
    file('config/action-mapping.json', mappingText(shipped('config/action-mapping.json'), choices, present)),
    file('config/token', `${token}\n`, 0o600),
    file('alert-rules/remediation.rules.yml', shipped('alert-rules/remediation.rules.yml')),
    file('deploy/prometheus.yml', prometheusText(shipped('deploy/prometheus/prometheus.yml'), choices)),
    file('deploy/alertmanager.yml', alertmanagerText(shipped('deploy/alertmanager/alertmanager.yml'), choices)),
  ];
  if (!systemd) return files;
  const unit = (name: string, text: string) => file(`deploy/systemd/${name}`, text);
  for (const name of ['forestall.service', 'forestall-run.service', 'forestall-run.timer'])
    files.push(unit(name, unitText(shipped(`deploy/systemd/${name}`), choices)));
  if (!isRoot) return files;
  const playbook = 'forestall-playbook@.service';
  files.push(unit(playbook, playbookUnitText(shipped(`deploy/systemd/${playbook}`), choices)));
  const polkit = '50-forestall-playbook.rules';
  files.push(unit(polkit, shipped(`deploy/systemd/${polkit}`)));
  return files;
}

/** Makes the folder that a unit of a user's own may write to: systemd does not start it without. */
export function makeState(choices: Choices): void {
  if (choices.systemd && !choices.isRoot) mkdirSync(stateFolder(choices), { recursive: true, mode: 0o700 });
}

/** Writes a file that is not there yet, and the folders above it. False where something is there already: it stays. */
export function writeNew({ path, text, mode }: Planned, context: CommandContext): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritable(path, error);
  }
  try {
    writeFileSync(path, text);
    // Whatever the umask: the service is another user.
    chmodSync(path, mode);
    return true;
  } catch (error) {
    context.complain(`removing ${path}, which is not whole`);
    rmSync(path, { force: true });
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): CommandError {
  return new CommandError(`${path} cannot be written: ${(error as Error).message}`, NO);
}
