import { type Fact, FactFailure, rounded } from '../fact.ts';
import { requireProcFile } from './proc.ts';

/**
 * Percent of memory that cannot be had without swapping: (MemTotal - MemAvailable) / MemTotal. Caches that can be
 * dropped do not count. Source: /proc/meminfo.
 */
export const memoryUsage: Fact = async (context) => {
  const text = await requireProcFile(context, 'meminfo');
  const total = kibibytes(text, 'MemTotal');
  const available = kibibytes(text, 'MemAvailable');
  if (total <= 0 || available > total)
    throw new FactFailure('/proc/meminfo does not add up: MemAvailable exceeds MemTotal');
  const value = ((total - available) / total) * 100;
  return { value, message: `memory is ${rounded(value)}% used` };
};

function kibibytes(text: string, name: string): number {
  const found = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new FactFailure(`/proc/meminfo has no usable line ${name}`);
  return Number(found);
}
