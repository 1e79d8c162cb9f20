import { access } from 'node:fs/promises';
import { type FactContext, FactFailure, MAX_OUTPUT, seconds, shown } from '../fact.ts';

export interface UnitState {
  readonly unit: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
}

const LOAD = ['loaded', 'not-found', 'bad-setting', 'error', 'masked', 'merged', 'stub'];
const ACTIVE = ['active', 'reloading', 'inactive', 'failed', 'activating', 'deactivating', 'maintenance', 'refreshing'];
const SUFFIX = /\.(?:service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/** Whether systemd is the init system of this host, as sd_booted(3) finds out. */
export async function bootedWithSystemd({ systemdRoot }: FactContext): Promise<boolean> {
  return access(systemdRoot).then(
    () => true,
    () => false,
  );
}

/** `jellyfin` is `jellyfin.service`. Throws for what cannot be the name of a unit. */
export function unitName(name: string): string {
  if (!/^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,255}$/.test(name)) {
    throw new FactFailure(`"${shown(name)}" is not the name of a systemd unit`);
  }
  return SUFFIX.test(name) ? name : `${name}.service`;
}

/**
 * The states of units, in their order. Unprivileged, a unit that the system does not know is looked for among the
 * user's own. Throws where systemd cannot be asked, or knows a unit nowhere.
 */
export async function unitStates(context: FactContext, units: readonly string[]): Promise<readonly UnitState[]> {
  if (!(await bootedWithSystemd(context))) {
    throw new FactFailure(
      'this host was not booted with systemd; define the fact by a command of your own under `facts`',
    );
  }
  const states = new Map((await show(context, [], units)).map((state) => [state.unit, state]));
  const unknown = units.filter((unit) => isUnknown(states.get(unit)));
  if (unknown.length > 0 && !context.isRoot) {
    for (const state of await show(context, ['--user'], unknown)) states.set(state.unit, state);
  }
  return units.map((unit) => {
    const state = states.get(unit);
    if (state === undefined || isUnknown(state))
      throw new FactFailure(`systemd knows no unit ${unit}; is its name right?`);
    return state;
  });
}

/** One property of the manager itself, for example `NFailedUnits`. */
export async function managerProperty(context: FactContext, name: string): Promise<string> {
  const text = await systemctl(context, ['show', `--property=${name}`]);
  const value = new RegExp(`^${name}=(.*)\\n?$`).exec(text)?.[1];
  if (value === undefined) throw new FactFailure(`systemctl answered "${shown(text)}" when asked for ${name}`);
  return value;
}

/** The unit file may be gone while the unit still runs: then it is known. */
function isUnknown(state: UnitState | undefined): boolean {
  return state === undefined || (state.load === 'not-found' && state.active === 'inactive');
}

async function show(context: FactContext, scope: readonly string[], units: readonly string[]): Promise<UnitState[]> {
  const text = await systemctl(context, [
    ...scope,
    'show',
    '--property=LoadState,ActiveState,SubState',
    '--',
    ...units,
  ]);
  const blocks = text.trim().split(/\n\n+/);
  const states = blocks.map((block, index) => {
    const fields = new Map(block.split('\n').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
    const [load = '', active = '', sub = ''] = ['LoadState', 'ActiveState', 'SubState'].map((name) => fields.get(name));
    return { unit: units[index] ?? '', load, active, sub };
  });
  const usable = states.every(
    (state) => LOAD.includes(state.load) && ACTIVE.includes(state.active) && state.sub !== '',
  );
  if (states.length !== units.length || !usable) {
    throw new FactFailure(`systemctl answered "${shown(text)}" when asked for the state of ${shown(units.join(', '))}`);
  }
  return states;
}

async function systemctl({ runCommand, timeout }: FactContext, args: readonly string[]): Promise<string> {
  const answer = await runCommand({
    argv: ['systemctl', ...args],
    timeout,
    maxOutput: MAX_OUTPUT,
    env: { LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
  });
  if (answer.could_not_start !== null)
    throw new FactFailure(`systemctl could not be started: ${shown(answer.could_not_start)}`);
  if (answer.timed_out)
    throw new FactFailure(`systemctl did not answer within ${seconds(timeout)}; is systemd overloaded?`);
  if (answer.stdout_truncated) throw new FactFailure(`systemctl printed more than ${MAX_OUTPUT} bytes and was ended`);
  if (answer.exit_code !== 0) {
    const how = answer.signal === null ? `failed with exit code ${answer.exit_code}` : `was ended by ${answer.signal}`;
    throw new FactFailure(`systemctl ${how}: ${shown(answer.stderr ?? '')}`);
  }
  return answer.stdout;
}
