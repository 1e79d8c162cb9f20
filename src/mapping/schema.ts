import { z } from 'zod';
import { count, duration, flag, list, named, number, readable, section, text } from './shape.ts';

const name = (what: string) =>
  text(`${what} (1 to 1024 characters, none of them control characters)`, /^[^\p{Cc}]{1,1024}$/u);

/** `HH:MM-HH:MM` in local time; over midnight where the first is later than the second. */
function readHours(written: string): { from: number; to: number; text: string } | null {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/.exec(written);
  if (parts === null) return null;
  const from = Number(parts[1]) * 60 + Number(parts[2]);
  const to = parts[3] === undefined ? 1440 : Number(parts[3]) * 60 + Number(parts[4]);
  return from === to ? null : { from, to, text: written };
}

/** The name of a zone that this machine knows. */
function readTimeZone(written: string): string | null {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: written });
    return /^[+-]/.test(written) ? null : written;
  } catch {
    return null;
  }
}

const timeZone = () =>
  readable('the IANA name of a time zone such as Europe/Oslo or UTC', readTimeZone)
    .nullish()
    .transform((value) => value ?? null);

const days = number(0, 36_500)
  .nullish()
  .transform((value) => value ?? null);

const conditionsSchema = section({
  min_days_until_critical: days,
  max_days_until_critical: days,
  min_confidence: number(0, 1),
  min_consecutive: count(1, 16).prefault(1),
});

const RADIUS = 'hosts, percent or both, and per, such as {"hosts": 3, "per": "1h"}';
const blastRadius = section({
  hosts: count(1, 100_000)
    .nullish()
    .transform((value) => value ?? null),
  percent: number(0.01, 100)
    .nullish()
    .transform((value) => value ?? null),
  per: duration('1s', '366d'),
}).refine(({ hosts, percent }) => hosts !== null || percent !== null, { error: RADIUS });

const actionSchema = section({
  playbook: name('the name of a playbook of forestall.yaml'),
  version: text('the version of the playbook in quotes, such as "1.0"'),
  max_executions_per_week: count(0, 10_000)
    .nullish()
    .transform((value) => value ?? null),
  cooldown_hours: number(0, 87_600).prefault(24),
  limit_scope: z.enum(['playbook', 'resource', 'host'], { error: 'playbook, resource or host' }).prefault('playbook'),
  limits: list(
    section({ runs: count(1, 10_000), per: duration('1s', '366d') }),
    'a list such as [{"runs": 3, "per": "1h"}]',
  ).prefault([]),
  blast_radius: blastRadius.nullish().transform((value) => value ?? null),
  allowed_hours: readable('hours of the day in local time such as "01:00-05:00", the two not equal', readHours)
    .nullish()
    .transform((value) => value ?? null),
  time_zone: timeZone(),
  require_confirmation: flag()
    .nullish()
    .transform((value) => value ?? null),
  parameters: z
    .record(z.string().regex(/^[A-Za-z_][\w-]*$/), z.string({ error: 'a text' }), {
      error: (issue) =>
        issue.code === 'invalid_key' ? 'a name of letters, digits, _ and -' : 'a map of names and texts',
    })
    .prefault({}),
  verify: section({
    after: duration('1s', '366d').prefault('24h'),
    expect: text('a check such as "disk_usage < 85%"')
      .nullish()
      .transform((value) => value ?? null),
  }).prefault({}),
  min_days_gained: days,
});

/** A mapping of predictions, or one by `alertname`; which key belongs to which is checked in `kind.ts`. */
const mappingSchema = section({
  id: name('a name of its own').optional(),
  prediction_type: name('a prediction type such as disk_exhaustion').optional(),
  resource_filter: name('a resource or a glob such as "/", "/srv/*" or "*"').optional(),
  conditions: conditionsSchema.optional(),
  alertname: text('the name of an alert such as ContainerDown, without * and ?', /^[^\p{Cc}*?]{1,1024}$/u).optional(),
  labels: named(
    { pattern: /^[^\p{Cc}]{1,1024}$/u, expected: 'the name of a label' },
    name('a value or a glob such as "web*"'),
  ).prefault({}),
  resource: name('what the alert is about, such as crowdsec').optional(),
  resource_label: name('the label that says what the alert is about, such as service').optional(),
  action: actionSchema,
  safety_checks: list(
    text('a check such as "disk_usage < 95%"'),
    'a list of checks such as ["disk_usage < 95%"]',
  ).prefault([]),
});

/** The document of `action-mapping.json`; what its parts mean to each other is checked in `read.ts`. */
export const actionMappingSchema = section({
  version: text('the version of this document in quotes, such as "1.0"').prefault('1.0'),
  last_updated: text('a date in quotes, such as "2026-01-31"')
    .nullish()
    .transform((value) => value ?? null),
  mappings: list(mappingSchema, 'a list of mappings'),
  global_settings: section({
    enable_auto_remediation: flag().prefault(true),
    dry_run_mode: flag().prefault(true),
    require_confirmation: flag().prefault(false),
    max_daily_executions: count(0, 10_000)
      .nullish()
      .transform((value) => value ?? null),
    notification_channel: z.enum(['discord', 'none'], { error: 'discord or none' }).prefault('discord'),
    exclude: list(name('a host, a resource or a glob'), 'a list of globs such as ["db*", "/mnt/*"]').prefault([]),
    time_zone: timeZone(),
  }).prefault({}),
});

export type MappingEntry = z.infer<typeof mappingSchema>;
