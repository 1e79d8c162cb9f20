import { decide } from '../decision/decide.ts';
import type {
  CheckResult,
  Execution,
  ExecutionState,
  FinalState,
  PhaseOutcome,
  ReportedState,
} from '../execution/execution.ts';
import type { Advance, Hold } from '../ledger/ledger.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { beginRun, lastLook, TAKEN_OVER } from './last-look.ts';
import { persist } from './persist.ts';
import type { LoopOptions } from './ports.ts';
import { summaryOf, whatItDid } from './what-it-did.ts';

/** What a remediation needs beside the parts of the loop. */
export interface RemediationContext extends LoopOptions {
  /** Aborted when the service drains and its patience is over: what runs is ended. */
  readonly ending: AbortSignal;
  /** Aborted as soon as the service drains: nothing new starts. */
  readonly draining: AbortSignal;
}

/**
 * Carries one claimed execution to its end: safety checks, dry run, impact, last look, run, record, report. Where it has to
 * be confirmed it stops before the last look; called again once it was confirmed, it goes on there. Every change of state is durable before the next step begins. Resolves also when the hold was lost or the service drains; an
 * execution that is not finished then is taken up by the next start. Never rejects.
 */
export async function carryOut(execution: Execution, hold: Hold, context: RemediationContext): Promise<void> {
  try {
    await steps(execution, hold, context);
  } catch (error) {
    context.logger.error({ err: error, execution_id: execution.id }, 'the execution could not be carried on');
  }
}

async function steps(execution: Execution, hold: Hold, context: RemediationContext): Promise<void> {
  const { config, draining } = context;
  const recorder = createRecorder(execution, hold, context);

  if (draining.aborted) return;
  const mapping = config().mapping.mappings.find((candidate) => candidate.id === execution.mapping);
  const playbook = config().playbooks[execution.playbook];
  if (mapping === undefined || playbook === undefined || mapping.action.playbook !== execution.playbook) {
    await recorder.end('expired', `the mapping ${execution.mapping} or its playbook is not configured any more`);
    return;
  }

  if (execution.state === 'awaiting_approval') {
    if (execution.answered !== null) await afterConfirmation(execution, hold, mapping, context, recorder);
    return;
  }

  if (!(await recorder.step('checking', `asking ${mapping.safety_checks.length} safety checks`))) return;
  const safety_checks = await askSafety(execution, mapping, context, recorder);
  if (safety_checks === null) return;
  if (!(await recorder.step('dry_run', 'safety checks passed', { safety_checks }))) return;
  const problem = await context.playbooks.inspect(playbook);
  if (problem !== null) {
    await recorder.end('dry_run_failed', problem);
    return;
  }
  const refused = await context.playbooks.refuses(playbook, execution.prediction.host);
  if (refused !== null) {
    await recorder.end('rejected', `not started: ${refused}`);
    return;
  }
  const { parameters } = mapping.action;
  const phase = { execution_id: execution.id, playbook, prediction: execution.prediction, parameters };
  const dry_run = await context.playbooks.runPhase({ ...phase, phase: 'dry_run', signal: draining });
  if (draining.aborted) return;
  recorder.phaseEnded('dry_run', dry_run);
  const impact = context.playbooks.judgeImpact(dry_run, {
    critical_services: config().critical_services,
    max_downtime: (config().playbooks[execution.playbook] ?? playbook).max_downtime,
  });
  if (impact.kind !== 'go') {
    const state = impact.kind === 'failed' ? 'dry_run_failed' : impact.kind;
    await recorder.end(state, impact.message, { dry_run });
    return;
  }

  const { global_settings } = config().mapping;
  if (execution.mode === 'dry-run') {
    await recorder.end('dry_run_only', `a dry run was asked for: ${summaryOf(dry_run)}`, { dry_run });
    return;
  }
  if (global_settings.dry_run_mode) {
    await rehearse(execution, dry_run, context, recorder);
    return;
  }
  if (mapping.action.require_confirmation ?? global_settings.require_confirmation) {
    await recorder.wait(`waiting for confirmation: ${summaryOf(dry_run)}`, { dry_run });
    return;
  }

  if (!(await recorder.step('dry_run', summaryOf(dry_run), { dry_run }))) return;
  await runAndRecord({ ...execution, dry_run }, hold, mapping, context, recorder);
}

/** The safety checks, all of them passed; null when one did not: then the execution ended as rejected. */
async function askSafety(
  execution: Execution,
  mapping: Mapping,
  context: RemediationContext,
  recorder: Recorder,
): Promise<readonly CheckResult[] | null> {
  const safety_checks = await context.checkSafety(mapping.safety_checks, execution.prediction);
  const failed = safety_checks.filter((check) => !check.passed);
  if (failed.length === 0) return safety_checks;
  const words = failed.map((check) => `${check.check} (${check.message})`).join('; ');
  await recorder.end('rejected', `safety check failed: ${words}`, { safety_checks });
  return null;
}

/** What was true before the wait may not be any more: the safety checks are asked again, then the run as any other. */
async function afterConfirmation(
  execution: Execution,
  hold: Hold,
  mapping: Mapping,
  context: RemediationContext,
  recorder: Recorder,
): Promise<void> {
  const safety_checks = await askSafety(execution, mapping, context, recorder);
  if (safety_checks === null) return;
  const message = `approved by ${execution.answered?.by}; the safety checks passed again`;
  if (!(await recorder.step('awaiting_approval', message, { safety_checks }))) return;
  await runAndRecord(execution, hold, mapping, context, recorder);
}

/** The part that executions with and without confirmation share: program inspection, last look, begin, run, record. */
async function runAndRecord(
  execution: Execution,
  hold: Hold,
  mapping: Mapping,
  context: RemediationContext,
  recorder: Recorder,
): Promise<void> {
  const outcome = await runForReal(execution, hold, mapping, context, recorder);
  if (outcome === null) return;
  if (context.ending.aborted && outcome.error !== null) {
    await recorder.end('interrupted', `the service was stopped while it ran: ${outcome.error}`, { run: outcome });
    return;
  }
  if (outcome.error !== null) {
    await recorder.end('failed', outcome.error, { run: outcome });
    return;
  }
  // Only what went well is verified: a run that failed or was interrupted has said already that it cannot be relied on.
  const { verify } = mapping.action;
  const promised = execution.dry_run?.result?.freed_bytes ?? null;
  await recorder.end('succeeded', whatItDid(outcome, execution.prediction, promised), { run: outcome, verify });
}

/** In dry run mode the dry run stands for the run: it ends, and counts, as the run would have. */
async function rehearse(
  execution: Execution,
  dry_run: PhaseOutcome,
  context: RemediationContext,
  recorder: Recorder,
): Promise<void> {
  const input = await lastLook(execution, context);
  const draft = decide(input, await context.ledger.facts(input, execution.id));
  if (draft.verdict === 'approved') {
    const message = `dry_run_mode is on: ${summaryOf(dry_run)}`;
    await recorder.end('dry_run_only', message, { dry_run, counts_as: 'rehearsal' });
  } else {
    await recorder.end('rejected', `would not have started: ${draft.reason}: ${draft.message}`, { dry_run });
  }
}

/** The last look and the run. Null when it did not start: the reason is then on record, or the hold is lost. */
async function runForReal(
  execution: Execution,
  hold: Hold,
  mapping: Mapping,
  context: RemediationContext,
  recorder: Recorder,
): Promise<PhaseOutcome | null> {
  const { ledger, logger, draining, ending, playbooks, config } = context;
  const playbook = config().playbooks[execution.playbook];
  const problem =
    playbook === undefined
      ? `${execution.playbook} is not configured any more`
      : ((await playbooks.inspect(playbook)) ?? (await playbooks.refuses(playbook, execution.prediction.host)));
  if (playbook === undefined || problem !== null) {
    await recorder.end('rejected', problem ?? '');
    return null;
  }
  if (draining.aborted) return null;
  const { input, draft, elsewhere, mayStart } = await beginRun(execution, hold, context);
  if (draft === null) {
    if (!draining.aborted) logger.warn({ execution_id: execution.id }, TAKEN_OVER);
    return null;
  }
  if (draft.verdict !== 'approved') {
    const why = elsewhere
      ? `${execution.mapping} does not decide on this prediction any more`
      : `${draft.reason}: ${draft.message}`;
    await recorder.end('rejected', `not started: ${why}`);
    return null;
  }
  recorder.announce('running', `running ${execution.playbook}`);
  const outcome = await playbooks.runPhase({
    execution_id: execution.id,
    phase: 'run',
    playbook,
    prediction: input.prediction ?? execution.prediction,
    parameters: mapping.action.parameters,
    signal: ending,
    mayStart,
    onStarted: async (process) => {
      const held = await ledger.noteProcess(hold, process).catch((error: unknown) => {
        logger.warn({ err: error, execution_id: execution.id }, 'the process group could not be noted');
        return true;
      });
      // This process slept, and whoever took over has recorded the run as interrupted: it must not begin now.
      if (!held) throw new Error(TAKEN_OVER);
    },
  });
  recorder.phaseEnded('run', outcome);
  return outcome;
}

export interface Recorder {
  /** False: the hold is lost, somebody else carries on. */
  step(state: ExecutionState, message: string, more?: Partial<Advance>): Promise<boolean>;
  end(state: FinalState, message: string, more?: Partial<Advance>): Promise<void>;
  /** From here on it waits for somebody to confirm it, who is told. */
  wait(message: string, more: Partial<Advance>): Promise<void>;
  announce(state: ExecutionState, message: string): void;
  phaseEnded(phase: 'dry_run' | 'run', outcome: PhaseOutcome): void;
}

export function createRecorder(execution: Execution, hold: Hold, context: RemediationContext): Recorder {
  const { ledger, events, logger, now, ending, kickReports } = context;
  const { id: execution_id, playbook } = execution;

  async function tell(state: ReportedState, message: string, more: Partial<Advance>): Promise<void> {
    const reports = await context.reportsFor(execution, state);
    const moved = await recorder.step(state, message, { ...more, reports });
    if (moved && reports.length > 0) kickReports();
  }

  const recorder: Recorder = {
    async step(state, message, more = {}) {
      const moved = await persist(
        () => ledger.advance(hold, { to: state, at: now(), message, ...more }),
        ending,
        logger,
      );
      if (moved) recorder.announce(state, message);
      else logger.warn({ execution_id, state }, TAKEN_OVER);
      return moved;
    },
    end: (state, message, more = {}) => tell(state, message, more),
    wait: (message, more) => tell('awaiting_approval', message, more),
    announce(state, message) {
      events.changed({ execution_id, playbook, state, message });
    },
    phaseEnded(phase, outcome) {
      events.phaseEnded({ playbook, phase, seconds: outcome.duration_seconds });
    },
  };
  return recorder;
}
