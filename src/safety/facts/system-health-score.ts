import { type Fact, type FactContext, FactFailure, rounded } from '../fact.ts';
import { diskUsage } from './disk-usage.ts';
import { loadPerCpu } from './load-per-cpu.ts';
import { memoryUsage } from './memory-usage.ts';
import { pressureOf } from './pressure.ts';
import { bootedWithSystemd, managerProperty } from './systemd.ts';

/** One part of the score; `badness` 0 is healthy, 1 costs all of its points. Null: this host does not have it. */
interface Part {
  readonly points: number;
  readonly badness: number | null;
  readonly text: string;
}

/**
 * 0 (everything is wrong) to 100 (healthy): 100 minus the points that five parts cost, each growing evenly between two
 * bounds.
 *
 * | part | points | free up to | all from | source |
 * | --- | --- | --- | --- | --- |
 * | disk: the fuller of `/` and the resource's | 25 | 80% | 100% | statfs(2) |
 * | memory | 25 | 80% | 100% | /proc/meminfo |
 * | load per CPU | 20 | 1 | 4 | /proc/loadavg |
 * | pressure: the higher of memory and io, `some avg60` | 20 | 10% | 60% | /proc/pressure |
 * | failed units | 10 | 0 | 5 | `systemctl show` |
 *
 * What a host does not have (no pressure information in the kernel, not booted with systemd) is left out and the rest
 * stretched to 100. What it has and does not tell fails the fact. The message shows every part.
 */
export const systemHealthScore: Fact = async (context) => {
  const parts = await Promise.all([disk(context), memory(context), load(context), pressure(context), units(context)]);
  let points = 0;
  let lost = 0;
  for (const part of parts) {
    if (part.badness === null) continue;
    points += part.points;
    lost += part.points * Math.min(1, Math.max(0, part.badness));
  }
  const value = Math.round((1 - lost / points) * 100);
  return { value, message: parts.map(describe).join(', ') };
};

function describe({ points, badness, text }: Part): string {
  if (badness === null || badness <= 0) return text;
  return `${text} (-${rounded(points * Math.min(1, badness))})`;
}

async function disk(context: FactContext): Promise<Part> {
  const root = await diskUsage({ ...context, prediction: null });
  const own = context.prediction?.resource.startsWith('/') === true ? await diskUsage(context) : root;
  const fuller = Number(own.value) > Number(root.value) ? own : root;
  return { points: 25, badness: (Number(fuller.value) - 80) / 20, text: fuller.message };
}

async function memory(context: FactContext): Promise<Part> {
  const { value, message } = await memoryUsage(context);
  return { points: 25, badness: (Number(value) - 80) / 20, text: message };
}

async function load(context: FactContext): Promise<Part> {
  const { value, message } = await loadPerCpu(context);
  return { points: 20, badness: (Number(value) - 1) / 3, text: message };
}

async function pressure(context: FactContext): Promise<Part> {
  const [ofMemory, ofIo] = await Promise.all([pressureOf(context, 'memory'), pressureOf(context, 'io')]);
  if (ofMemory === null || ofIo === null)
    return { points: 20, badness: null, text: 'pressure is not measured by this kernel' };
  const text = `pressure memory ${rounded(ofMemory)}% io ${rounded(ofIo)}%`;
  return { points: 20, badness: (Math.max(ofMemory, ofIo) - 10) / 50, text };
}

async function units(context: FactContext): Promise<Part> {
  if (!(await bootedWithSystemd(context))) return { points: 10, badness: null, text: 'no systemd' };
  const text = await managerProperty(context, 'NFailedUnits');
  if (!/^\d{1,6}$/.test(text)) throw new FactFailure('systemctl did not say how many units failed');
  const failed = Number(text);
  return { points: 10, badness: failed / 5, text: `${failed} failed unit${failed === 1 ? '' : 's'}` };
}
