import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { delivery, makeFolder, makeHome, mapping, playbook, type Service, startService } from '../home.ts';
import { start } from '../processes.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { milliseconds, type Row, times } from '../table.ts';

const AIM = 25;

/**
 * From the moment in which an alert is posted to the moment in which the playbook's dry run says that it started; beside
 * it, in turn, a process that does nothing but start the same script.
 */
export async function reaction(bench: Bench): Promise<readonly Row[]> {
  const scripts = makeFolder();
  const record = join(scripts, 'record');
  const stamp = `echo "$FORESTALL_PHASE $1 $EPOCHREALTIME" >>${record}`;
  const home = makeHome({
    mappings: [mapping('disk_exhaustion', '*', 'stamp', { limit_scope: 'resource', cooldown_hours: 0 })],
    playbooks: { stamp: playbook(scripts, stamp) },
  });
  const service = await startService(home, bench.profile);
  try {
    const waits: number[] = [];
    const bare: number[] = [];
    const count = bench.quick ? 3 : 60;
    for (let number = -2; number < count; number++) {
      const wait = await once(service, record, `/volume-${number}`);
      const spawned = await startAlone(scripts, record, `/alone-${number}`);
      if (number < 0) continue;
      waits.push(wait);
      bare.push(spawned);
    }
    const [middle, late, worst] = [median(waits), quantile(waits, 0.95), quantile(waits, 1)];
    return [
      {
        what: 'POST to start of the dry run (the playbook is a bash script)',
        figure: `${milliseconds(middle)}; p95 ${milliseconds(late)}, worst ${milliseconds(worst)}`,
        ratio: `${times(medianRatio(waits, bare))} of just starting it (${milliseconds(median(bare))})`,
        aim: `< ${AIM} ms`,
        met: middle < AIM,
      },
    ];
  } finally {
    await service.stop();
  }
}

/** Milliseconds; resolves when the execution has ended, so that the next one waits for nothing. */
async function once(service: Service, record: string, resource: string): Promise<number> {
  const labels = { prediction_type: 'disk_exhaustion', resource };
  const body = delivery(labels, { days_until_critical: '8.2', confidence: '0.85' });
  const posted = Date.now();
  const answer = await service.post('/webhook', body);
  const id = answer.decisions[0].execution_id;
  if (id === null) throw new Error(`not approved: ${JSON.stringify(answer)}`);
  for (let tries = 0; tries < 2_000; tries++) {
    const execution = await service.get(`/api/v1/executions/${id}`);
    if (execution.finished_at !== null) {
      if (execution.state !== 'succeeded') throw new Error(`it ended ${execution.state}: ${execution.message}`);
      return startOf(record, resource) - posted;
    }
    await delay(10);
  }
  throw new Error(`execution ${id} does not end`);
}

async function startAlone(scripts: string, record: string, resource: string): Promise<number> {
  const began = Date.now();
  const env = { FORESTALL_PHASE: 'dry_run', FORESTALL_RESULT_FILE: '/dev/null' };
  const child = await start([join(scripts, 'playbook'), resource], null, { env });
  await child.exited;
  return startOf(record, resource) - began;
}

/** When the dry run for `resource` started, by its own clock, epoch milliseconds. */
function startOf(record: string, resource: string): number {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n') : [];
  const [, , seconds] = lines.find((line) => line.startsWith(`dry_run ${resource} `))?.split(' ') ?? [];
  if (seconds === undefined) throw new Error(`the dry run for ${resource} left no start time`);
  return Number(seconds) * 1000;
}
