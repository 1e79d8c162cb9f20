import { explainOnce } from '../app/explain.ts';
import type { Decision } from '../decision/decision.ts';
import { decisionOnWire } from '../http/wire.ts';
import { readPredictions } from '../prediction/documents.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';

const MARKS = { pass: 'pass', stop: 'STOP', skip: 'skip' } as const;

/** `forestall explain`: decides on one made-up prediction of this moment; exit 0 whatever the verdict. */
export async function explainCommand(context: CommandContext, options: Record<string, unknown>): Promise<ExitCode> {
  const prediction = predictionFrom(options);
  const { decision, checks } = await explainOnce(configOrEnd(context), prediction, context.logger);
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

function predictionFrom(options: Record<string, unknown>): Prediction {
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
