import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { makeFolder, makeHome, mapping, playbook, startService } from '../home.ts';
import { type Program, residentMemory, start } from '../processes.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { megabytes, milliseconds, type Row, times } from '../table.ts';

/** The least that a service on Node can be: a server that listens. */
const BARE = `import { createServer } from 'node:http';
createServer((request, response) => response.end()).listen(0, '127.0.0.1', () => console.log('listening'));
`;
/** Times a bare server's. */
const MEMORY_AIM = 1.5;
/** Milliseconds. */
const START_AIM = 400;

interface Sample {
  readonly startUp: number;
  readonly memory: number;
}

/** Start-up time and idle memory of the built service beside a bare server, in turn. */
export async function footprint(bench: Bench): Promise<readonly Row[]> {
  const scripts = makeFolder();
  const bare = join(scripts, 'bare.mjs');
  writeFileSync(bare, BARE);
  const home = makeHome({
    mappings: [mapping('disk_exhaustion', '*', 'noted')],
    playbooks: { noted: playbook(scripts, ':') },
    predictions: [{ prediction_type: 'disk_exhaustion', resource: '/data', days_until_critical: 30, confidence: 0.85 }],
  });
  await sample(bench, () => startService(home, null));

  const services: Sample[] = [];
  const bares: Sample[] = [];
  for (let round = 0; round < bench.rounds + 2; round++) {
    bares.push(await sample(bench, () => start([process.execPath, bare], /listening/)));
    services.push(await sample(bench, () => startService(home, null)));
  }
  const [ours, theirs] = [services.map(({ startUp }) => startUp), bares.map(({ startUp }) => startUp)];
  const [memory, bareMemory] = [services.map((s) => s.memory), bares.map((s) => s.memory)];
  return [
    {
      what: 'resident memory of the idle service',
      figure: `${megabytes(median(memory))}; most ${megabytes(quantile(memory, 1))}`,
      ratio: `${times(medianRatio(memory, bareMemory))} of a bare server (${megabytes(median(bareMemory))})`,
      aim: `<= ${times(MEMORY_AIM)}`,
      met: medianRatio(memory, bareMemory) <= MEMORY_AIM,
    },
    {
      what: 'start-up of the service to its listening line',
      figure: `${milliseconds(median(ours))}; worst ${milliseconds(quantile(ours, 1))}`,
      ratio: `${times(medianRatio(ours, theirs))} of a bare server (${milliseconds(median(theirs))})`,
      aim: `< ${START_AIM} ms`,
      met: median(ours) < START_AIM,
    },
  ];
}

/** Starts it, lets it be idle for a while, and ends it. */
async function sample(bench: Bench, begin: () => Promise<Program>): Promise<Sample> {
  const program = await begin();
  try {
    await delay(bench.quick ? 100 : 2_000);
    return { startUp: program.startUp, memory: residentMemory(program.pid) };
  } finally {
    await program.stop();
  }
}
