import type { Fact } from '../fact.ts';
import { unitName, unitStates } from './systemd.ts';

const ON_THE_WAY = ['activating', 'deactivating', 'reloading', 'refreshing'];

/**
 * How many of `critical_services` are starting, stopping, reloading or waiting for an automatic restart; 0 when none is
 * configured. Source: `systemctl show`.
 */
export const criticalServicesRestarting: Fact = async (context) => {
  if (context.criticalServices.length === 0) return { value: 0, message: 'critical_services names none' };
  const states = await unitStates(context, context.criticalServices.map(unitName));
  const restarting = states.filter(
    (state) => ON_THE_WAY.includes(state.active) || state.sub.startsWith('auto-restart'),
  );
  const message =
    restarting.length === 0
      ? `none of ${states.length} critical services is restarting`
      : restarting.map((state) => `${state.unit} is ${state.active} (${state.sub})`).join(', ');
  return { value: restarting.length, message };
};
