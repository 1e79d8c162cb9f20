import { globMatches } from '../../mapping/glob.ts';
import { pass, policyGate, stop } from '../gate.ts';
import { shown } from '../words.ts';

/** `global_settings.exclude`: globs over host and resource. */
export const excluded = policyGate('excluded', ({ host, resource }, _mapping, { policy }) => {
  for (const pattern of policy.exclude) {
    if (globMatches(pattern, resource)) return stop(`the resource ${shown(resource)} is excluded by ${shown(pattern)}`);
    if (host !== null && globMatches(pattern, host)) {
      return stop(`the host ${shown(host)} is excluded by ${shown(pattern)}`);
    }
  }
  return pass('neither host nor resource is excluded');
});
