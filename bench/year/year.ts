import { createRandom } from '../../scripts/forecaster/random.ts';
import { createDisk, type Incident } from './disk.ts';
import { makePlan, YEAR } from './plans.ts';
import { createService, type Run, type Said, type ServiceOptions } from './service.ts';

export interface YearOptions extends Omit<ServiceOptions, 'random'> {
  readonly seed: string;
}

/** What became of one disk in a year, without and with Forestall. */
export interface DiskYear {
  readonly className: string;
  /** Share of what arrives that can be deleted once it is old. */
  readonly freeable: number;
  readonly without: number;
  readonly with: number;
  /** With everything deleted that can be, every day, without any forecast: no cleanup prevents more. */
  readonly least: number;
  readonly runs: readonly Run[];
  readonly escalations: number;
  /** Of each incident with Forestall: why it was not prevented. */
  readonly causes: readonly string[];
}

const FORTNIGHT = 14 * 24;
/** Who could delete so little of a disk has nothing to delete. */
const LITTLE = 0.05;

/** The same class, number and seed are the same disk, whatever else is simulated. */
export function simulateYear(className: string, number: number, options: YearOptions): DiskYear {
  const name = `${options.seed}/${className}/${number}`;
  const plan = makePlan(className, createRandom(name));
  const alone = createDisk(plan);
  while (alone.hour < YEAR) alone.step();

  const swept = createDisk(plan);
  while (swept.hour < YEAR) {
    swept.step();
    if (swept.hour % 24 === 0) swept.clean(1);
  }

  const guarded = createDisk(plan);
  const service = createService({ ...options, random: createRandom(`${name}/playbook`) });
  while (guarded.hour < YEAR) {
    const isBackup = plan.backup[guarded.hour] === 1;
    guarded.step();
    service.hour(guarded, isBackup);
  }
  return {
    className,
    freeable: plan.freeable,
    without: alone.incidents.length,
    with: guarded.incidents.length,
    least: swept.incidents.length,
    runs: service.runs,
    escalations: service.escalations,
    causes: guarded.incidents.map((incident) => causeOf(incident, service.said, service.runs)),
  };
}

/** What Forestall did in the fortnight before an incident, and what it said last. */
function causeOf({ began, freeable }: Incident, said: readonly Said[], runs: readonly Run[]): string {
  const isBefore = ({ hour }: { readonly hour: number }) => hour > began - FORTNIGHT && hour <= began;
  const ran = runs.filter(isBefore);
  if (ran.length > 0 && ran.every(({ freed }) => freed === 0)) return 'ran, and failed or freed nothing';
  if (freeable < LITTLE) return ran.length > 0 ? 'ran, and little is left to delete' : 'little to delete';
  const last = said.findLast(isBefore)?.reason;
  const before = ran.length > 0 ? 'ran, then ' : '';
  if (last === undefined) return 'not foreseen';
  if (last === 'ran') return 'ran, and freed too little';
  return last === 'too_urgent' ? `${before}left to people: within three days` : `${before}held by ${last}`;
}
