import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, Measurement } from './bench.ts';
import { startLoad } from './load-client.ts';
import { batches } from './measure/batches.ts';
import { burst } from './measure/burst.ts';
import { claims } from './measure/claims.ts';
import { exposition } from './measure/exposition.ts';
import { footprint } from './measure/footprint.ts';
import { growth } from './measure/growth.ts';
import { history } from './measure/history.ts';
import { partition } from './measure/partition.ts';
import { reaction } from './measure/reaction.ts';
import { storm } from './measure/storm.ts';
import { type Row, table } from './table.ts';

const SERVICE: Readonly<Record<string, Measurement>> = { storm, batches, reaction, footprint, exposition, growth };
const SCALE: Readonly<Record<string, Measurement>> = { claims, history, burst, partition };
const MEASUREMENTS = { ...SERVICE, ...SCALE };

const USAGE = `npm run bench -- [--scale] [--quick] [--rounds N] [--only NAME]… [--profile FOLDER]
  --scale       what one store carries: ${Object.keys(SCALE).join(', ')}
  --quick       few and short rounds: shows that it works, its figures say nothing
  --rounds      interleaved rounds, 5 unless told otherwise
  --only        ${Object.keys(MEASUREMENTS).join(', ')}
  --executions  of the long past of \`history\`, 1,000,000 unless told otherwise
  --targets     different resources of \`burst\`, 10,000 unless told otherwise
  --profile     writes CPU profiles of the service there`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true },
    scale: { type: 'boolean', default: false },
    executions: { type: 'string' },
    targets: { type: 'string' },
    profile: { type: 'string' },
  },
});
const rounds = values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds);
const executions = Number(values.executions ?? (values.quick ? 2_000 : 1_000_000));
const targets = Number(values.targets ?? (values.quick ? 200 : 10_000));
const names = values.only ?? Object.keys(values.scale ? SCALE : SERVICE);
const isCount = (number: number) => Number.isInteger(number) && number > 0;
if (![rounds, executions, targets].every(isCount) || names.some((name) => !Object.hasOwn(MEASUREMENTS, name))) {
  console.error(USAGE);
  process.exit(2);
}

const load = await startLoad();
const notes: string[] = [];
const bench: Bench = {
  load,
  quick: values.quick,
  rounds,
  executions,
  targets,
  profile: values.profile ?? null,
  note(text) {
    notes.push(text);
    console.error(`bench: ${text}`);
  },
};
const rows: Row[] = [];
const loadBefore = loadavg()[0]!;
for (const name of names) {
  console.error(`bench: ${name}`);
  rows.push(...(await MEASUREMENTS[name]!(bench)));
}
await load.stop();

console.log(table(rows));
console.log(`
Node ${process.versions.node}, ${cpus().length} CPUs, ${(totalmem() / 1e9).toFixed(0)} GB, ${rounds} rounds; load average ${loadBefore.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after.
Medians over interleaved rounds; only ratios of one run can be compared with those of another.`);
for (const text of notes) console.log(`NOTE: ${text}`);
