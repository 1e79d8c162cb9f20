import type { Alert } from '../alert/alert.ts';
import { fingerprintOf } from '../alert/fingerprint.ts';
import { explainOnce } from '../app/explain.ts';
import type { Decision } from '../decision/decision.ts';
import { decisionOnWire } from '../http/wire.ts';
import { readPredictions } from '../prediction/documents.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';

const MARKS = { pass: 'pass', stop: 'STOP', skip: 'skip' } as const;

/** `forestall explain`: decides on one made-up prediction, or alert, of this moment; exit 0 whatever the verdict. */
export async function explain(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<ExitCode> {
  if (args.length > 0) throw new CommandError(withoutArguments(args), USAGE);
  const asked = options['alertname'] === undefined ? predictionFrom(options) : alertFrom(options);
  const { decision, checks } = await explainOnce(configOrEnd(context), asked, context.logger);
  if (options['json'] === true) {
    context.print(`${JSON.stringify({ ...decisionOnWire(decision), safety_checks: checks }, null, 2)}\n`);
    return DONE;
  }
  context.print(`${describe(decision)}\n`);
  if (checks.length > 0) {
    const rows = checks.map(({ check, passed, message }) => `  ${passed ? 'pass' : 'FAIL'}  ${check}  ${message}`);
    context.print(`\nsafety checks, as they would be answered now\n${rows.join('\n')}\n`);
  }
  return DONE;
}

const OF_A_PREDICTION = ['type', 'resource', 'days', 'confidence'] as const;

/** Values in the order of the help, without the names that tell them apart. */
function withoutArguments(args: readonly string[]): string {
  const options = OF_A_PREDICTION.map((name) => `--${name} ${name.toUpperCase()}`).join(' ');
  return (
    `explain takes options and no arguments, here ${JSON.stringify(args.join(' '))}: name a prediction by ` +
    `${options} [--host HOST], or an alert by --alertname NAME [--label NAME=VALUE]`
  );
}

/** An alert that begins to fire now. */
function alertFrom(options: Record<string, unknown>): Alert {
  const given = [...OF_A_PREDICTION, 'host'].find((name) => options[name] !== undefined);
  if (given !== undefined) {
    const message = `--${given} is for a prediction, --alertname for an alert: give one of them; an alert has --label ${given}=VALUE`;
    throw new CommandError(message, USAGE);
  }
  const labels = Object.create(null) as Record<string, string>;
  labels['alertname'] = String(options['alertname']);
  for (const text of options['label'] as readonly string[]) {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new CommandError(`--label ${text} is not NAME=VALUE`, USAGE);
    }
    labels[name] = value;
  }
  const starts_at = Date.now();
  return { status: 'firing', labels, annotations: {}, starts_at, fingerprint: fingerprintOf(labels) };
}

function predictionFrom(options: Record<string, unknown>): Prediction {
  const missing = OF_A_PREDICTION.find((name) => options[name] === undefined);
  if (missing !== undefined) {
    const message = `required option '--${missing} <${missing}>' not specified: name a prediction, or an alert by --alertname`;
    throw new CommandError(message, USAGE);
  }
  if ((options['label'] as readonly string[]).length > 0) throw new CommandError('--label is for --alertname', USAGE);
  const days = String(options['days']);
  const now = Date.now();
  const document = {
    prediction_type: String(options['type']),
    resource: String(options['resource']),
    days_until_critical: /^(now|never)$/.test(days) ? days : toNumber('--days', days),
    confidence: toNumber('--confidence', String(options['confidence'])),
    ...(options['host'] === undefined ? {} : { host: String(options['host']) }),
  };
  const { predictions, problems } = readPredictions(document, { source: 'cli', fallbackTime: now, now });
  const prediction = predictions[0];
  if (prediction === undefined) {
    throw new CommandError(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'), USAGE);
  }
  return prediction;
}

function toNumber(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new CommandError(`${option} ${text} is not a number`, USAGE);
  return value;
}

function describe(decision: Decision): string {
  const rows = decision.gates.map(
    ({ gate, outcome, message }) => `  ${MARKS[outcome]}  ${gate.padEnd(16)}  ${message}`,
  );
  const what = decision.playbook === null ? '' : `, playbook ${decision.playbook}`;
  return [...rows, '', `${decision.verdict}: ${decision.reason}${what}`, decision.message].join('\n');
}
