import { z } from 'zod';
import { DEFAULT_DEMAND } from '../accuracy/proof.ts';
import { count, duration, list, number, section, text } from '../mapping/shape.ts';
import type { ForecastConfig, LocalResource, PrometheusResource } from './config.ts';

/** What `resource` may be where the service measures itself, and what it measures then. */
export const LOCAL_RESOURCES = { system_memory: 'memory', system_swap: 'swap' } as const;

const LABEL = { expected: 'the name of a label such as instance', pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ };
const label = () => text(LABEL.expected, LABEL.pattern);

const critical = { error: 'a number above 0' };

/** What the keys mean to each other is checked in `forecast-meaning.ts`. */
export const forecastSchema = section({
  every: duration('1s', '7d').prefault('1h'),
  lookback: duration('1h', '366d').prefault('14d'),
  sample_every: duration('1s', '1h').prefault('5m'),
  min_precision: number(0, 1).prefault(DEFAULT_DEMAND.min_precision),
  min_scored: count(1, 100_000).prefault(DEFAULT_DEMAND.min_scored),
  resources: list(
    section({
      name: text(
        'a name of letters, digits, ., _, : and -, at most 100',
        /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/,
      ).optional(),
      prediction_type: text('a prediction type such as disk_exhaustion'),
      source: z.enum(['local', 'prometheus'], { error: 'local or prometheus' }),
      paths: list(text('an absolute path such as /srv', /^\/[^\0]*$/), 'a list of paths such as [/]', 1).optional(),
      measure: z.enum(['bytes', 'inodes'], { error: 'bytes or inodes' }).optional(),
      host: text('the name of this machine').optional(),
      resource: text('the name of the resource').optional(),
      resource_label: label().optional(),
      host_label: label().optional(),
      critical: z.number(critical).positive(critical),
      query: text('a PromQL expression').optional(),
      step: duration('1m', '1d').optional(),
      max_series: count(1, 100_000).optional(),
    }),
    'a list of resources',
  ).prefault([]),
});

type Settings = z.infer<typeof forecastSchema>;
type Written = Settings['resources'][number];

const STEP = 3_600_000;
const MAX_SERIES = 10_000;

/** The forecaster's settings, one local resource for each path. */
export function resolveForecast({ resources, ...settings }: Settings): ForecastConfig {
  return {
    ...settings,
    resources: resources.flatMap((written): (LocalResource | PrometheusResource)[] =>
      written.source === 'local' ? localOf(written) : [prometheusOf(written)],
    ),
  };
}

function localOf({ prediction_type, paths, resource, measure, host, critical }: Written): LocalResource[] {
  const common = { source: 'local', prediction_type, host: host ?? null, critical } as const;
  if (paths !== undefined) return paths.map((path) => ({ ...common, resource: path, measure: measure ?? 'bytes' }));
  const named = resource as keyof typeof LOCAL_RESOURCES;
  return [{ ...common, resource: named, measure: LOCAL_RESOURCES[named] }];
}

function prometheusOf(written: Written): PrometheusResource {
  const { prediction_type, query = '', resource, resource_label, critical } = written;
  return {
    source: 'prometheus',
    name: nameOf(written),
    prediction_type,
    query,
    resource: resource === undefined ? { label: resource_label ?? '' } : { name: resource },
    host_label: written.host_label ?? 'instance',
    critical,
    step: written.step ?? STEP,
    max_series: written.max_series ?? MAX_SERIES,
  };
}

/** The name that an entry has without `name`: what it is about, so that it stays when entries come and go. */
export function nameOf({
  name,
  prediction_type,
  resource,
  resource_label,
}: {
  readonly name?: string | undefined;
  readonly prediction_type: string;
  readonly resource?: string | undefined;
  readonly resource_label?: string | undefined;
}): string {
  return name === undefined ? `${prediction_type}:${resource ?? resource_label}` : name;
}
