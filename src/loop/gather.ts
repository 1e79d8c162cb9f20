import type { ReadAlert } from '../alert/alert.ts';
import { predictionFromAnnotations, situationOf, targetOf } from '../alert/situation.ts';
import type { Config } from '../config/config.ts';
import type { AlertSituation, DecisionInput, Mode, Policy, Trigger } from '../decision/decision.ts';
import { findMapping } from '../mapping/match.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';
import { consecutiveInWindow } from '../prediction/window.ts';
import type { LoopOptions, Playbooks } from './ports.ts';

export interface Gathering extends Pick<LoopOptions, 'now' | 'config' | 'timeZone' | 'predictions'> {
  readonly playbooks: Pick<Playbooks, 'unsafeValue'>;
}

/** What a pass knows beside the predictions: who asked, how far to go, and which silences hold. */
export interface Occasion {
  readonly trigger: Trigger;
  readonly mode: Mode;
  /** A silence that covers this prediction, in words; null when none does. Only `run` asks. */
  readonly silence?: (prediction: Prediction) => string | null;
}

/** The input of a decision on an alert. The exporter's current values count; without them the alert's annotations. */
export async function inputFromAlert(read: ReadAlert, options: Gathering): Promise<DecisionInput> {
  const situation = situationOf(read);
  const occasion: Occasion = { trigger: 'webhook', mode: 'live' };
  const target = read.ok ? targetOf(read.alert) : null;
  if (!read.ok || target === null || situation.status !== 'firing' || !situation.is_prediction) {
    return build({ situation, target, prediction: null, problem: null, occasion }, options);
  }
  const current = await options.predictions.current(target);
  if (current !== null) return build({ situation, target, prediction: current, problem: null, occasion }, options);
  const annotated = predictionFromAnnotations(read.alert, options.now());
  return 'prediction' in annotated
    ? build({ situation, target, prediction: annotated.prediction, problem: null, occasion }, options)
    : build({ situation, target, prediction: null, problem: annotated.problem, occasion }, options);
}

/** The input of a decision on a prediction that no alert brought. */
export function inputFromPrediction(prediction: Prediction, occasion: Occasion, options: Gathering): DecisionInput {
  return build({ situation: null, target: prediction, prediction, problem: null, occasion }, options);
}

/** The input of a decision on a target of which nothing is known any more. */
export function inputWithoutPrediction(target: Target, occasion: Occasion, options: Gathering): DecisionInput {
  const problem = `nothing is known about ${target.prediction_type} of ${target.resource} any more`;
  return build({ situation: null, target, prediction: null, problem, occasion }, options);
}

interface Known {
  readonly situation: AlertSituation | null;
  readonly target: Target | null;
  readonly prediction: Prediction | null;
  readonly problem: string | null;
  readonly occasion: Occasion;
}

function build({ situation, target, prediction, problem, occasion }: Known, options: Gathering): DecisionInput {
  const config = options.config();
  const { mapping, unsafe_value } = prediction === null ? NOTHING : aboutIn(config, prediction, options);
  return {
    trigger: occasion.trigger,
    mode: occasion.mode,
    now: options.now(),
    alert: situation,
    target:
      target === null
        ? null
        : { prediction_type: target.prediction_type, resource: target.resource, host: target.host },
    prediction,
    prediction_problem: problem,
    mapping,
    unsafe_value,
    silence: prediction === null ? null : (occasion.silence?.(prediction) ?? null),
    consecutive:
      prediction === null || mapping === null
        ? 0
        : Math.max(1, consecutiveInWindow(options.predictions.recent(prediction), mapping.conditions)),
    policy: policyOf(config, options.timeZone),
  };
}

type About = Pick<DecisionInput, 'mapping' | 'unsafe_value'>;

const NOTHING: About = { mapping: null, unsafe_value: null };

/** By prediction: what follows from it and the configuration alone, so that an alert that comes again costs little. */
const known = new WeakMap<Prediction, About & { readonly config: Config }>();

function aboutIn(config: Config, prediction: Prediction, options: Gathering): About {
  let about = known.get(prediction);
  if (about?.config !== config) {
    const mapping = findMapping(config.mapping, prediction);
    const unsafe_value = mapping === null ? null : unsafeValue(prediction, mapping.action, config, options);
    about = { config, mapping, unsafe_value };
    known.set(prediction, about);
  }
  return about;
}

function unsafeValue(
  prediction: Prediction,
  action: { readonly playbook: string; readonly parameters: Readonly<Record<string, string>> },
  config: Config,
  { playbooks }: Gathering,
): string | null {
  const playbook = config.playbooks[action.playbook];
  if (playbook === undefined) return `the playbook ${action.playbook} is not configured`;
  return playbooks.unsafeValue(playbook, prediction, action.parameters);
}

const policies = new WeakMap<Config, Policy>();

function policyOf(config: Config, timeZone: () => string): Policy {
  let policy = policies.get(config);
  if (policy === undefined) {
    const { global_settings, mappings } = config.mapping;
    policy = {
      enable_auto_remediation: global_settings.enable_auto_remediation,
      dry_run_mode: global_settings.dry_run_mode,
      max_daily_executions: global_settings.max_daily_executions,
      exclude: global_settings.exclude,
      stale_after: config.predictions.stale_after,
      retry_after: config.execution.retry_after,
      circuit_breaker: config.execution.circuit_breaker,
      time_zone: mappings.some(({ action }) => action.allowed_hours !== null) ? timeZone() : 'UTC',
    };
    policies.set(config, policy);
  }
  return policy;
}
