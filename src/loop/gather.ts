import { DEFAULT_DEMAND } from '../accuracy/proof.ts';
import type { ReadAlert } from '../alert/alert.ts';
import {
  isAboutItsSource,
  predictionByName,
  predictionFromAnnotations,
  situationOf,
  targetOf,
} from '../alert/situation.ts';
import type { Config } from '../config/config.ts';
import type { AlertSituation, DecisionInput, Mode, Policy, Trigger } from '../decision/decision.ts';
import { timeZoneOf } from '../decision/local-time.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { findMapping, findMappingByName, mappingOf } from '../mapping/match.ts';
import { isByName } from '../prediction/by-name.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';
import { consecutiveInWindow } from '../prediction/window.ts';
import type { LoopOptions, Playbooks, Predictions } from './ports.ts';

export interface Gathering extends Pick<LoopOptions, 'now' | 'config' | 'timeZone'> {
  readonly predictions: Pick<Predictions, 'current' | 'recent'>;
  readonly playbooks: Pick<Playbooks, 'unsafeValue' | 'fleet'>;
}

/** What a pass knows beside the predictions: who asked, how far to go, and which silences hold. */
export interface Occasion {
  readonly trigger: Trigger;
  readonly mode: Mode;
  /** A silence that covers this prediction, in words; null when none does. Only `run` asks. */
  readonly silence?: (prediction: Prediction) => string | null;
}

const FROM_WEBHOOK: Occasion = { trigger: 'webhook', mode: 'live' };

/**
 * The input of a decision on an alert. Where it names a prediction, the exporter's current values count; without them its
 * annotations. One that names none, or one for which there is no mapping, is looked for by its own name.
 */
export async function inputFromAlert(
  read: ReadAlert,
  options: Gathering,
  occasion: Occasion = FROM_WEBHOOK,
): Promise<DecisionInput> {
  const situation = situationOf(read);
  const config = options.config();
  const { host_label } = config.webhook;
  const target = read.ok ? targetOf(read.alert, host_label) : null;
  if (read.ok && (target === null || findMapping(config.mapping, target) === null)) {
    const match = isAboutItsSource(read.alert) ? null : findMappingByName(config.mapping, read.alert.labels);
    if (match !== null) {
      const prediction = predictionByName(read.alert, match.alert, options.now(), host_label);
      return build({ situation, target: prediction, prediction, problem: null, occasion }, options);
    }
  }
  if (!read.ok || target === null || situation.status !== 'firing' || !situation.is_prediction) {
    return build({ situation, target, prediction: null, problem: null, occasion }, options);
  }
  const current = await options.predictions.current(target);
  if (current !== null) return build({ situation, target, prediction: current, problem: null, occasion }, options);
  const annotated = predictionFromAnnotations(read.alert, options.now(), host_label);
  return 'prediction' in annotated
    ? build({ situation, target, prediction: annotated.prediction, problem: null, occasion }, options)
    : build({ situation, target, prediction: null, problem: annotated.problem, occasion }, options);
}

/** The same for an alert that was decided on before, and goes on firing. `annotated`: what it alone knew then. */
export async function inputFromWaiting(
  { alert, target, annotated }: { alert: AlertSituation; target: Target; annotated: Prediction | null },
  options: Gathering,
): Promise<DecisionInput> {
  const byName = annotated !== null && isByName(annotated);
  const prediction = byName ? annotated : ((await options.predictions.current(target)) ?? annotated);
  const problem = prediction === null ? unknownAnyMore(target) : null;
  return build({ situation: alert, target, prediction, problem, occasion: FROM_WEBHOOK }, options);
}

/** The input of a decision on a prediction that no alert brought. */
export function inputFromPrediction(prediction: Prediction, occasion: Occasion, options: Gathering): DecisionInput {
  return build({ situation: null, target: prediction, prediction, problem: null, occasion }, options);
}

/** The input of a decision on a target of which nothing is known any more, or for which `problem` says why not to act. */
export function inputWithoutPrediction(
  target: Target,
  occasion: Occasion,
  options: Gathering,
  problem = unknownAnyMore(target),
): DecisionInput {
  return build({ situation: null, target, prediction: null, problem, occasion }, options);
}

function unknownAnyMore({ prediction_type, resource }: Target): string {
  return `nothing is known about ${prediction_type} of ${resource} any more`;
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
  const playbook = mapping === null ? undefined : config.playbooks[mapping.action.playbook];
  const fleet = playbook === undefined ? null : options.playbooks.fleet(playbook);
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
    unsafe_value: unsafe_value ?? fleet?.problemOf(prediction?.host ?? null) ?? null,
    fleet: fleet?.size ?? null,
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
    const mapping = mappingOf(config.mapping, prediction);
    const unsafe_value =
      mapping === null
        ? null
        : (missingResource(mapping, prediction) ?? unsafeValue(prediction, mapping.action, config, options));
    about = { config, mapping, unsafe_value };
    known.set(prediction, about);
  }
  return about;
}

/** A mapping that names a label for the resource does not guess another one. */
function missingResource({ alert }: Mapping, { labels }: Prediction): string | null {
  const label = alert?.resource_label ?? null;
  if (label === null || (Object.hasOwn(labels, label) && labels[label] !== '')) return null;
  return `the alert has no label ${label}, which says what it is about`;
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
    const { global_settings } = config.mapping;
    const { min_precision, min_scored } = config.forecast ?? DEFAULT_DEMAND;
    policy = {
      enable_auto_remediation: global_settings.enable_auto_remediation,
      dry_run_mode: global_settings.dry_run_mode,
      max_daily_executions: global_settings.max_daily_executions,
      exclude: global_settings.exclude,
      stale_after: config.predictions.stale_after,
      retry_after: config.execution.retry_after,
      circuit_breaker: config.execution.circuit_breaker,
      time_zone: timeZoneOf(config.mapping, timeZone),
      proof: { min_precision, min_scored },
    };
    policies.set(config, policy);
  }
  return policy;
}
