import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import type { Playbooks } from '../loop/ports.ts';
import { judgeImpact } from '../playbook/impact.ts';
import { runPhase } from '../playbook/phase.ts';
import type { PipeStore } from '../playbook/pipe-store.ts';
import { inspectProgram } from '../playbook/program.ts';
import { awaitSurvivors } from '../playbook/survivors.ts';
import { unsafeValue } from '../playbook/unsafe-value.ts';
import { createUsedBytes } from '../playbook/used-bytes.ts';
import type { Fleets } from './fleets.ts';

/** The playbook room as the loop knows it. */
export function createPlaybooks(config: () => Config, fleets: Fleets, pipes: PipeStore, logger: Logger): Playbooks {
  const usedBytes = createUsedBytes();
  return {
    unsafeValue,
    fleet: fleets.fleet,
    refuses: fleets.refuses,
    inspect: async (playbook) => (await inspectProgram(playbook)).problem,
    runPhase: (request) =>
      runPhase({
        ...request,
        log_dir: config().log_dir,
        takePipe: pipes.take,
        usedBytes,
        warn: (message) => logger.warn({ execution_id: request.execution_id, phase: request.phase }, message),
      }),
    judgeImpact,
    awaitSurvivors,
  };
}
