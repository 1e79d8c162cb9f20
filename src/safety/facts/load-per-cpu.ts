import { type Fact, FactFailure } from '../fact.ts';
import { requireProcFile } from './proc.ts';

/** Load average of the last minute divided by the number of CPUs. Sources: /proc/loadavg, the `cpuN` lines of /proc/stat. */
export const loadPerCpu: Fact = async (context) => {
  const load = /^(\d+\.\d+) \d+\.\d+ \d+\.\d+ \d+\/\d+ \d+\s*$/.exec(await requireProcFile(context, 'loadavg'))?.[1];
  if (load === undefined) throw new FactFailure('/proc/loadavg is not in the form of proc(5)');
  const cpus = (await requireProcFile(context, 'stat')).match(/^cpu\d+ /gm)?.length ?? 0;
  if (cpus === 0) throw new FactFailure('/proc/stat names no CPU');
  const value = Number(load) / cpus;
  return { value, message: `load ${load} on ${cpus} CPU${cpus === 1 ? '' : 's'}` };
};
