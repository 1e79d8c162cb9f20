import type { App } from '../app.ts';
import type { Decision, Mode } from '../decision/decision.ts';
import type { Execution } from '../execution/execution.ts';
import { windowAlertOf } from '../mapping/alert-labels.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { createAlertmanagerClient } from '../prometheus/alertmanager.ts';
import { type Silence, silenceCovering } from '../prometheus/silence.ts';

/** How long a pass waits at its end for reports to be delivered, milliseconds; what is left is delivered later. */
const REPORTS_PATIENCE = 30_000;
const ALERTMANAGER_TIMEOUT = 10_000;

export interface PassResult {
  readonly sources: ReturnType<App['sources']['health']>;
  readonly decisions: readonly Decision[];
  readonly executions: readonly Execution[];
  /** Runs of earlier passes whose outcome was found out in this one. */
  readonly verified: readonly Execution[];
}

/** One pass for cron or a timer: read → verify and judge what is due → decide → execute → notify → textfile. The most urgent predictions come first. */
export async function pass(app: App, mode: Mode): Promise<PassResult> {
  await app.readFleets();
  await app.sources.readOnce();
  await app.forecasts.load();
  await app.forecasts.passOnce();
  await app.watch.look();
  await app.scoring.pass();
  const predictions = [...(await app.sources.all())].sort((a, b) => urgency(a) - urgency(b));
  const silence = await silenceLookup(app);
  const verified = (await app.loop.verify()).map(({ execution }) => execution);
  await app.loop.start();
  const decisions = await app.loop.decidePass(predictions, mode, silence);
  await app.loop.idle();
  await app.ledger.notePass(Date.now());
  await app.outbox.flush(REPORTS_PATIENCE);
  await app.writeTextfile();

  const executions: Execution[] = [];
  for (const { execution_id } of decisions) {
    const execution = execution_id === null ? null : await app.ledger.execution(execution_id);
    if (execution !== null) executions.push(execution);
  }
  // As read just now: one that is only silent was readable.
  const sources = [...app.sources.health(), ...app.forecasts.states().map((state) => state.health())];
  return { sources, decisions, executions, verified };
}

function urgency({ days_until_critical }: Prediction): number {
  return days_until_critical ?? Number.MAX_VALUE;
}

/** What Alertmanager silences, asked once for the pass. One that is configured and does not answer silences everything. */
async function silenceLookup({ config }: App): Promise<(prediction: Prediction) => string | null> {
  if (config.alertmanager === null) return () => null;
  let silences: readonly Silence[];
  try {
    silences = await createAlertmanagerClient({
      url: config.alertmanager.url,
      timeout: ALERTMANAGER_TIMEOUT,
    }).silences();
  } catch (error) {
    const message = `Alertmanager did not say what it silences: ${error instanceof Error ? error.message : String(error)}`;
    return () => message;
  }
  return (prediction) => {
    const labels = windowAlertOf(config.mapping, prediction);
    return labels === null ? null : silenceCovering(silences, labels, Date.now());
  };
}
