import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, Measurement } from './bench.ts';
import { startLoad } from './load-client.ts';
import { exposition } from './measure/exposition.ts';
import { footprint } from './measure/footprint.ts';
import { growth } from './measure/growth.ts';
import { reaction } from './measure/reaction.ts';
import { storm } from './measure/storm.ts';
import { type Row, table } from './table.ts';

const MEASUREMENTS: Readonly<Record<string, Measurement>> = { storm, reaction, footprint, exposition, growth };

const USAGE = `npm run bench -- [--quick] [--rounds N] [--only NAME]… [--profile FOLDER]
  --quick    few and short rounds: shows that it works, its figures say nothing
  --rounds   interleaved rounds, 5 unless told otherwise
  --only     ${Object.keys(MEASUREMENTS).join(', ')}
  --profile  writes CPU profiles of the service there`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true },
    profile: { type: 'string' },
  },
});
const rounds = values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds);
const names = values.only ?? Object.keys(MEASUREMENTS);
if (!Number.isInteger(rounds) || rounds < 1 || names.some((name) => !Object.hasOwn(MEASUREMENTS, name))) {
  console.error(USAGE);
  process.exit(2);
}

const load = await startLoad();
const notes: string[] = [];
const bench: Bench = {
  load,
  quick: values.quick,
  rounds,
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
