import { type Fact, FactFailure, NoSubject, shown } from '../fact.ts';
import { unitName, unitStates } from './systemd.ts';

/**
 * Whether the resource, as a systemd unit, is active (or reloading its configuration while it is). Starting, stopping
 * and waiting for a restart are not running. Source: `systemctl show`.
 */
export const serviceIsRunning: Fact = async (context) => {
  const resource = context.prediction?.resource;
  if (resource === undefined) throw new NoSubject('is about the resource of a prediction, and there is none');
  if (resource.startsWith('/')) throw new FactFailure(`the resource ${shown(resource)} is a path, not a service`);
  const [state] = await unitStates(context, [unitName(resource)]);
  if (state === undefined) throw new FactFailure('systemd did not answer');
  const value = ['active', 'reloading', 'refreshing'].includes(state.active);
  return { value, message: `${state.unit} is ${state.active} (${shown(state.sub)})` };
};
