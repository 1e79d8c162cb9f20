import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import type { Playbooks } from '../loop/ports.ts';
import { unsafeValue } from '../playbook/arguments.ts';
import { judgeImpact } from '../playbook/impact.ts';
import { runPhase } from '../playbook/phase.ts';
import type { PipeStore } from '../playbook/pipe-store.ts';
import { inspectProgram } from '../playbook/program.ts';
import { awaitSurvivors } from '../playbook/survivors.ts';
import { createUsedBytes } from '../playbook/used-bytes.ts';

/** The playbook room as the loop knows it. */
export function createPlaybooks(config: () => Config, pipes: PipeStore, logger: Logger): Playbooks {
  const usedBytes = createUsedBytes();
  return {
    unsafeValue,
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
