import { openLedger } from '../app/ledger.ts';
import { type PassResult, pass } from '../app/pass.ts';
import { createApp } from '../app.ts';
import { decisionOnWire, executionOnWire } from '../http/wire.ts';
import { type CommandContext, DONE, type ExitCode, NO } from './context.ts';
import { configOrEnd } from './load.ts';

/** `forestall run`: exit 1 when a playbook failed or no source could be read. */
export async function run(
  context: CommandContext,
  { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const config = configOrEnd(context);
  const { env, logger } = context;
  const app = createApp({ config, ledger: await openLedger(config, logger), env, logger });
  const stop = () => void app.loop.drain(config.execution.drain_timeout);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  try {
    const result = await pass(app, dryRun ? 'dry-run' : 'live');
    context.print(json ? `${JSON.stringify(document(result, dryRun), null, 2)}\n` : `${describe(result)}\n`);
    await app.retention.pass();
    return succeeded(result) ? DONE : NO;
  } finally {
    await app.stop();
  }
}

function succeeded({ sources, executions }: PassResult): boolean {
  const failed = executions.some(
    ({ state }) => state === 'failed' || state === 'interrupted' || state === 'dry_run_failed',
  );
  return sources.some((source) => source.up) && !failed;
}

function document({ sources, decisions, executions, verified }: PassResult, dryRun: boolean): object {
  return {
    dry_run: dryRun,
    sources: sources.map(({ source, up, last_success, problem }) => ({
      source,
      up,
      last_success: last_success === null ? null : new Date(last_success).toISOString(),
      problem,
    })),
    decisions: decisions.map(decisionOnWire),
    executions: executions.map(executionOnWire),
    verified: verified.map(executionOnWire),
  };
}

function describe({ sources, decisions, executions, verified }: PassResult): string {
  const lines: string[] = [];
  for (const { source, up, problem } of sources) {
    lines.push(up ? `read ${source}` : `${source} could not be read: ${problem ?? 'unknown reason'}`);
  }
  for (const { id, playbook, outcome, outcome_message } of verified) {
    lines.push(`${playbook} ${outcome} (${id}): ${outcome_message}`);
  }
  for (const { target, verdict, reason, message } of decisions) {
    const what = target === null ? 'a prediction' : `${target.prediction_type} of ${JSON.stringify(target.resource)}`;
    lines.push(`${what}: ${verdict}, ${reason}: ${message}`);
  }
  for (const { id, playbook, state, message } of executions) lines.push(`${playbook} ${state} (${id}): ${message}`);
  const count = (state: string) => executions.filter((execution) => execution.state === state).length;
  lines.push(
    `${decisions.length} predictions, ${executions.length} executions: ${count('succeeded')} succeeded, ${count('failed')} failed`,
  );
  return lines.join('\n');
}
