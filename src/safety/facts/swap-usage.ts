import { type Fact, FactFailure, rounded } from '../fact.ts';
import { requireProcFile } from './proc.ts';

/**
 * Percent of swap on disks that is used; 0 without any. Swap on zram is compressed memory, full by design, and is only
 * named in the message. Source: /proc/swaps.
 */
export const swapUsage: Fact = async (context) => {
  const [header, ...lines] = (await requireProcFile(context, 'swaps')).trimEnd().split('\n');
  if (header === undefined || !/^Filename\s+Type\s+Size\s+Used\s+Priority$/.test(header)) {
    throw new FactFailure('/proc/swaps is not in the form of proc(5)');
  }
  const sums = { disk: { size: 0, used: 0 }, zram: { size: 0, used: 0 } };
  for (const line of lines) {
    const parts = /^(\S+)\s+(?:partition|file)\s+(\d+)\s+(\d+)\s+-?\d+$/.exec(line);
    if (parts === null || Number(parts[3]) > Number(parts[2]))
      throw new FactFailure('/proc/swaps is not in the form of proc(5)');
    const sum = /^\/dev\/zram\d+$/.test(parts[1] ?? '') ? sums.zram : sums.disk;
    sum.size += Number(parts[2]);
    sum.used += Number(parts[3]);
  }
  const zram = sums.zram.size === 0 ? '' : `, zram apart (${rounded((sums.zram.used / sums.zram.size) * 100)}% used)`;
  if (sums.disk.size === 0) return { value: 0, message: `no swap on a disk${zram}` };
  const value = (sums.disk.used / sums.disk.size) * 100;
  return { value, message: `swap on disks is ${rounded(value)}% used${zram}` };
};
