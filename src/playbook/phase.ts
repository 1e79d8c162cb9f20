import type { FileHandle } from 'node:fs/promises';
import type { PlaybookConfig } from '../config/config.ts';
import type { PhaseOutcome, PlaybookResult } from '../execution/execution.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { playFailure, playResult } from './ansible/outcome.ts';
import { type Play, preparePlay } from './ansible/play.ts';
import { placeholderValues, substitute } from './arguments.ts';
import { createCapture } from './capture.ts';
import { childEnvironment } from './environment.ts';
import { createOutput, type Phase } from './output.ts';
import { makePipeEnds, type OutputPipe, openOutputPipe, type PipeEnds } from './output-pipe.ts';
import { endFamily } from './process-group.ts';
import { startedAt } from './process-table.ts';
import { findProgram, inspectProgram } from './program.ts';
import { readResultFile } from './result-file.ts';
import { prepareToStart, startProcess } from './spawn.ts';
import { type Ending, supervise } from './supervise.ts';
import { executionMarker } from './survivors.ts';
import { durationText, oneLine } from './text.ts';
import { unsafeValue } from './unsafe-value.ts';
import type { UsedBytes } from './used-bytes.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface PhaseRequest {
  readonly execution_id: string;
  readonly phase: Phase;
  readonly playbook: PlaybookConfig;
  readonly prediction: Prediction;
  /** The mapping's `action.parameters`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly log_dir: string;
  /** Milliseconds between SIGTERM and SIGKILL; default 10 s. */
  readonly grace?: number;
  /** When aborted, the program's process group is ended. */
  readonly signal?: AbortSignal;
  /** Asked as the last thing before the program is started: why it must not be; null when it may. */
  readonly mayStart?: () => Promise<string | null>;
  /** Called once the program runs; a rejection ends it. */
  readonly onStarted?: (process: { readonly pid: number; readonly pid_started: number }) => Promise<void>;
  /** Gives a pipe for the output; default: one is made now, which costs a process. */
  readonly takePipe?: () => Promise<PipeEnds>;
  /** Measures the file system of a run's target; without, nothing is measured. */
  readonly usedBytes?: UsedBytes;
  /** What did not stop the phase and somebody should know: output that could not be kept. */
  readonly warn?: (message: string) => void;
}

/** How long output may still come once the program has ended while others hold its pipe. */
const LINGER = 250;
const DEFAULT_GRACE = 10_000;

/**
 * Runs one phase of a playbook to its end. Never rejects: what keeps it from starting is an outcome too. When it
 * resolves after a time-out or an abort, nothing of its process group is left; after an exit by itself, a daemon that
 * it started may live on, without our reading its output.
 */
export async function runPhase(request: PhaseRequest): Promise<PhaseOutcome> {
  const since = performance.now();
  const outcome = (rest: Omit<PhaseOutcome, 'duration_seconds'>): PhaseOutcome => ({
    ...rest,
    duration_seconds: Math.round(performance.now() - since) / 1000,
  });
  const notStarted = (error: string) => outcome({ exit_code: null, result: null, used_bytes: null, error });

  const { playbook, prediction, parameters, signal } = request;
  const unsafe = unsafeValue(playbook, prediction, parameters);
  if (unsafe !== null) return notStarted(`not started: ${unsafe}`);
  const inspected = await inspectProgram(playbook);
  if (inspected.problem !== null) return notStarted(`not started: ${inspected.problem}`);
  if (signal?.aborted === true) return notStarted('not started: it was stopped before');

  let workspace: Workspace | null = null;
  let log: FileHandle | null = null;
  try {
    workspace = await createWorkspace(prediction);
    log = await openLog(request);
    return outcome(await runIn(workspace, log, request));
  } catch (error) {
    return notStarted(`not started: ${oneLine(error instanceof Error ? error.message : String(error))}`);
  } finally {
    await log?.close().catch(() => {});
    await workspace?.remove();
  }
}

/** A log that cannot be written must not keep a disk from being cleaned: the phase runs without. */
async function openLog({ log_dir, execution_id, phase, warn }: PhaseRequest): Promise<FileHandle | null> {
  try {
    return await createOutput(log_dir, execution_id, phase);
  } catch (error) {
    warn?.(
      `the output of ${execution_id} (${phase}) is not kept: ${error instanceof Error ? error.message : String(error)}`,
    );
    return null;
  }
}

async function runIn(
  workspace: Workspace,
  log: FileHandle | null,
  request: PhaseRequest,
): Promise<Omit<PhaseOutcome, 'duration_seconds'>> {
  const { execution_id, phase, playbook } = request;
  const notStarted = (why: string) => ({
    exit_code: null,
    result: null,
    used_bytes: null,
    error: `not started: ${why}`,
  });
  const values = placeholderValues(playbook.name, request.prediction, request.parameters);
  const argv = substitute(phase === 'run' ? playbook.run : playbook.dry_run, values);
  if (!argv.ok) return notStarted(argv.problem);
  const program = await findProgram(argv.argv[0] ?? '');
  if ('problem' in program) return notStarted(program.problem);
  const play = playbook.ansible === null ? null : await preparePlay(playbook.ansible, workspace.folder, values);
  if (play !== null && 'problem' in play) return notStarted(play.problem);

  const capture = createCapture(log);
  const pipe = openOutputPipe(await (request.takePipe ?? makePipeEnds)(), (piece) => capture.write(piece));
  try {
    const measure = await startMeasuring(request);
    // Whoever sleeps between the question and the start begins what others have ended: nothing else lies in between.
    await prepareToStart();
    const forbidden = (await request.mayStart?.()) ?? null;
    if (forbidden !== null) return notStarted(forbidden);
    const started = await startProcess({
      argv: [program.path, ...argv.argv.slice(1, -1), ...(play?.options ?? []), ...argv.argv.slice(1).slice(-1)],
      cwd: play?.cwd ?? program.folder,
      env: childEnvironment(
        {
          FORESTALL_EXECUTION_ID: execution_id,
          FORESTALL_PLAYBOOK: playbook.name,
          FORESTALL_PHASE: phase,
          FORESTALL_PREDICTION_FILE: workspace.predictionFile,
          FORESTALL_RESULT_FILE: workspace.resultFile,
        },
        { ...playbook.env, ...play?.env },
      ),
      output: pipe.writeEnd,
    });
    pipe.started();
    if ('problem' in started) return notStarted(started.problem);
    const grace = request.grace ?? DEFAULT_GRACE;
    const family = { pgid: started.pid, marker: executionMarker(execution_id) };
    const timeout = phase === 'run' ? playbook.timeout : playbook.dry_run_timeout;
    const supervised = supervise(started, { family, timeout, grace, signal: request.signal });
    try {
      await request.onStarted?.({ pid: started.pid, pid_started: startedAt(started.pid) });
    } catch (error) {
      await endFamily(family, grace);
      await supervised;
      return {
        exit_code: null,
        result: null,
        used_bytes: null,
        error: `ended at once, since its start could not be recorded: ${oneLine(String(error))}`,
      };
    }
    const ending = await supervised;
    const [used_bytes] = await Promise.all([measure(), lastWords(pipe)]);
    const said = await (play === null ? saidByProgram(workspace) : saidByPlay(play, ending, request));
    const failure = failureOf(ending, timeout, said.words ?? lastLine(capture.lastLine()), said.failure);
    return { ...withResult(ending, failure, said, phase), used_bytes };
  } finally {
    await play?.close();
    pipe.close();
    const lost = await capture.finish();
    if (lost !== null) request.warn?.(`the output of ${execution_id} (${phase}) is not kept whole: ${lost}`);
  }
}

/** Measures before a run; what it resolves to measures afterwards. The file systems of other hosts are not to be had. */
async function startMeasuring({ phase, playbook, prediction, usedBytes }: PhaseRequest) {
  const { resource } = prediction;
  const isHere = playbook.ansible === null && resource.startsWith('/');
  const before = phase === 'run' && isHere ? ((await usedBytes?.now(resource)) ?? null) : null;
  return async (): Promise<PhaseOutcome['used_bytes']> => {
    const after = before === null ? null : ((await usedBytes?.after(resource, before)) ?? null);
    return before === null || after === null ? null : { before, after };
  };
}

async function lastWords(pipe: OutputPipe): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LINGER);
  });
  await Promise.race([pipe.ended, patience]);
  clearTimeout(timer);
}

/** What a phase tells of itself, once it has ended. */
interface Said {
  readonly result: PlaybookResult | null;
  readonly problem: string | null;
  /** Why an end by itself was no success, where its exit code is not all there is to know. */
  readonly failure?: (exit_code: number, words: string) => string | null;
  /** What it did last; without, its last line tells. */
  readonly words?: string | undefined;
}

const saidByProgram = (workspace: Workspace): Promise<Said> => readResultFile(workspace.resultFile);

async function saidByPlay(play: Play, ending: Ending, { prediction }: PhaseRequest): Promise<Said> {
  const events = await play.events();
  const host = prediction.host ?? '';
  return {
    ...playResult(events, host),
    failure: (exit_code, words) => playFailure(events, exit_code, host, words),
    words: ending.how === 'exited' || events.task === null ? undefined : `last task: ${oneLine(events.task)}`,
  };
}

function lastLine(line: string | null): string {
  return line === null ? 'it printed nothing' : `last line: ${line}`;
}

function failureOf(ending: Ending, timeout: number, words: string, failure: Said['failure']): string | null {
  if (ending.how !== 'exited') {
    const left = ending.survivors;
    const ended = left.length === 0 ? 'its process group was ended' : `processes ${left.join(', ')} could not be ended`;
    const reason =
      ending.how === 'timed_out' ? `timed out after ${durationText(timeout)}` : 'stopped before it was done';
    return `${reason}; ${ended}; ${words}`;
  }
  const { exit_code, signal } = ending.exit;
  if (failure !== undefined && exit_code !== null) return failure(exit_code, words);
  if (exit_code === 0) return null;
  if (exit_code === null) return `ended by ${signal ?? 'a signal'}; ${words}`;
  return `exit code ${exit_code}; ${words}`;
}

/**
 * A dry run whose result cannot be read promises nothing that could be judged: it failed. After a real run the work is
 * done: the problem becomes the summary.
 */
function withResult(ending: Ending, failure: string | null, { result, problem }: Said, phase: Phase) {
  const exit_code = ending.how === 'exited' ? ending.exit.exit_code : null;
  if (problem === null || failure !== null) return { exit_code, result, error: failure };
  if (phase === 'dry_run') return { exit_code, result: null, error: `exit code 0, but ${problem}` };
  return { exit_code, result: { ...EMPTY_RESULT, summary: problem }, error: null };
}

const EMPTY_RESULT: PlaybookResult = {
  summary: null,
  changes: null,
  freed_bytes: null,
  downtime_seconds: null,
  affects: [],
};
