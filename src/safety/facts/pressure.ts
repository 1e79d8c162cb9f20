import { type FactContext, FactFailure } from '../fact.ts';
import { readProcFile } from './proc.ts';

/**
 * Share of the last minute in which some task waited for the resource, in percent (`some avg60`). Null where the kernel
 * does not measure it. Source: /proc/pressure, pressure stall information.
 */
export async function pressureOf(context: FactContext, resource: 'memory' | 'io'): Promise<number | null> {
  let text: string;
  try {
    text = await readProcFile(context, `pressure/${resource}`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EOPNOTSUPP' || code === 'ENOTSUP') return null;
    throw error instanceof FactFailure
      ? error
      : new FactFailure(`/proc/pressure/${resource} cannot be read (${code ?? String(error)})`);
  }
  const value = Number(/^some avg10=\d+\.\d+ avg60=(\d+\.\d+) avg300=/m.exec(text)?.[1] ?? 'x');
  if (!Number.isFinite(value))
    throw new FactFailure(`/proc/pressure/${resource} is not in the form of the kernel's documentation`);
  return value;
}
