import { z } from 'zod';
import { count, instant, instantOrNull } from './common.ts';
import { decision } from './decisions.ts';

const pauseFields = {
  name: z.string(),
  reason: z.string().nullable(),
  since: instant.meta({ description: 'ISO 8601, UTC.' }),
  until: instantOrNull('When it ends by itself; null: until it is lifted.'),
};

export const pause = z.strictObject(pauseFields);

export const pausedAnswer = z.strictObject({ paused: z.literal(true), ...pauseFields });

export const resumedAnswer = z.strictObject({
  lifted: count('How many pauses it lifted.'),
  refused: z
    .strictObject({
      count: count('How many decisions, repeats among them.'),
      items: z.array(decision).meta({ description: 'The newest 50, by when they last came.' }),
    })
    .meta({ description: 'What the kill switch refused since the earliest of them began.' }),
});

export const sourceHealth = z.strictObject({
  source: z.string().meta({ examples: ['file:/var/lib/forestall/predictions.json'] }),
  up: z.boolean().meta({ description: 'False where its last reading failed.' }),
  last_success: instantOrNull('Null: never yet.'),
  problem: z.string().nullable().meta({ description: 'Why it is down, or what was skipped.' }),
});

export const statusAnswer = z.strictObject({
  mode: z
    .enum(['disabled', 'paused', 'dry_run', 'live'])
    .meta({ description: 'The strongest that holds. Only `live` runs playbooks for real.' }),
  enabled: z.boolean().meta({ description: '`enable_auto_remediation`, and not paused.' }),
  dry_run_mode: z.boolean().meta({ description: 'Everything stops after the dry run.' }),
  paused: z.boolean(),
  paused_by: z.string().meta({ description: 'Names and reasons of the pauses in one line; empty without one.' }),
  paused_until: instantOrNull('When the last pause ends by itself; null: not paused, or until it is lifted.'),
  mappings: count('Mappings in force.'),
  predictions: count('Predictions known now.'),
  predictions_stale: count('Those that are too old to act on.'),
  days_until_critical_min: z
    .number()
    .nullable()
    .meta({ description: 'The fewest days until critical that is predicted; null without a crossing.' }),
  sources_up: count('Sources of predictions that can be read.'),
  sources_down: count('Sources of predictions that cannot.'),
  in_progress: count('Executions that have not ended.'),
  waiting_for_confirmation: count('Those that wait for somebody to approve or reject them.'),
  executions_24h: count('Runs over all playbooks in the trailing 24 hours; in dry run mode the dry runs.'),
  executions_daily_limit: z.int().nullable().meta({ description: '`max_daily_executions`; null: no limit.' }),
  executions_succeeded_7d: count('Runs that succeeded in the trailing 7 days.'),
  executions_failed_7d: count('Runs that failed or were interrupted in the trailing 7 days.'),
  success_rate_7d: z.number().min(0).max(1).nullable().meta({ description: '0 to 1; null without a run.' }),
  prevented_incidents: count('Runs that turned out effective.'),
  last_run: instantOrNull('End of the last execution or pass; null: never yet.'),
  reports_pending: count('Reports that are not delivered yet.'),
  config_last_reload_successful: z.boolean().nullable().meta({ description: 'Null where nothing reloads.' }),
  pauses: z.array(pause).meta({ description: 'Those in force.' }),
  sources: z.array(sourceHealth).meta({ description: 'Where predictions are read from.' }),
});

export const readyAnswer = z.strictObject({ ready: z.literal(true), reason: z.string() });

export const reloadAnswer = z.strictObject({ reloaded: z.literal(true) });

export const openapiAnswer = z
  .looseObject({ openapi: z.literal('3.1.0'), info: z.looseObject({}), paths: z.looseObject({}) })
  .meta({ description: 'An OpenAPI document.' });
