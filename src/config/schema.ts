import { z } from 'zod';
import { count, duration, list, named, readable, section, text } from '../mapping/shape.ts';
import { forecastSchema } from './forecast-schema.ts';
import { parseListen } from './listen.ts';

const PATH = 'a path';
const path = () => text(PATH);

/** An `http` or `https` URL without name and password; slashes at its end are dropped. */
const url = () =>
  readable('a URL such as http://127.0.0.1:9090, without name and password', (written) => {
    if (!URL.canParse(written)) return null;
    const { protocol, username, password, search, hash } = new URL(written);
    if (!/^https?:$/.test(protocol) || username + password + search + hash !== '') return null;
    return written.replace(/\/+$/, '');
  });

const command = (expected: string) => list(z.string({ error: 'a text in quotes' }), expected, 1);
const RUN = 'a program and its arguments such as [playbooks/disk-cleanup, "{resource}"]';

const SHA256 = { error: 'what sha256sum prints for the program of run: 64 digits and small letters a to f' };

/** What belongs to which runner is checked in `playbook-meaning.ts`. */
const playbook = section({
  version: text('the version in quotes, such as "1.0"'),
  runner: z.enum(['program', 'ansible'], { error: 'program or ansible' }).prefault('program'),
  run: command(RUN).optional(),
  dry_run: command(RUN).optional(),
  playbook: path().optional(),
  inventory: path().optional(),
  extra_vars: named(
    { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, expected: 'the name of a variable of Ansible' },
    z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number, or true or false' }),
  ).prefault({}),
  max_parallel: count(1, 100).optional(),
  timeout: duration('1s', '24h').prefault('10m'),
  dry_run_timeout: duration('1s', '24h').prefault('2m'),
  max_downtime: duration('0s', '24h').optional(),
  sha256: z
    .string(SHA256)
    .regex(/^[0-9a-f]{64}$/, SHA256)
    .optional(),
  env: named(
    { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, expected: 'the name of an environment variable' },
    z.string({ error: 'a text in quotes' }),
  ).prefault({}),
});

const fact = section({
  command: command('a program and its arguments such as [pgrep, -c, -x, restic]').optional(),
  promql: text('a PromQL expression').optional(),
  timeout: duration('100ms', '5m').prefault('10s'),
});

/** `forestall.yaml`; what its parts mean to each other is checked in `meaning.ts`, secrets are read in `secrets.ts`. */
export const configSchema = section({
  web: section({
    listen: readable('HOST:PORT such as 127.0.0.1:9096, 0.0.0.0:9096 or [::1]:9096', parseListen).prefault(
      '127.0.0.1:9096',
    ),
    external_url: url().optional(),
    bearer_token: text('a text in quotes').optional(),
    bearer_token_file: path().optional(),
    tokens: list(
      section({
        name: text(
          'a name of letters, digits, ., _ and -, at most 64, that is not "default"',
          /^(?!default$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
        ),
        role: z.enum(['webhook', 'read', 'operate'], { error: 'webhook, read or operate' }),
        token: text('a text in quotes').optional(),
        token_file: path().optional(),
      }),
      'a list such as [{"name": "alertmanager", "role": "webhook", "token_file": "alertmanager-token"}]',
    ).prefault([]),
    max_body_bytes: count(1024, 268_435_456).prefault(8_388_608),
  }).prefault({}),
  webhook: section({
    host_label: text('the name of a label such as host or instance', /^[A-Za-z_][A-Za-z0-9_]*$/).prefault('host'),
  }).prefault({}),
  store: text('sqlite:PATH such as sqlite:../data/forestall.db, or postgres://USER@HOST:PORT/DATABASE').prefault(
    'sqlite:../data/forestall.db',
  ),
  store_password: text('a text in quotes').optional(),
  store_password_file: path().optional(),
  mapping: path().prefault('action-mapping.json'),
  predictions: section({
    stale_after: duration('1m', '366d').prefault('26h'),
    files: list(path(), 'a list of paths such as [../data/predictions.json]').prefault(['../data/predictions.json']),
  }).prefault({}),
  playbooks: named(
    { pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, expected: 'a name of letters, digits, ., _ and -' },
    playbook,
  ).prefault({}),
  facts: named(
    { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, expected: 'a name of letters, digits and _, as checks use it' },
    fact,
  ).prefault({}),
  prometheus: section({ url: url() }).optional(),
  alertmanager: section({ url: url() }).optional(),
  rules: section({
    for: duration('0s', '7d').prefault('5m'),
    keep_firing_for: duration('0s', '7d').prefault('15m'),
    interval: duration('1s', '1d').prefault('1m'),
  }).prefault({}),
  forecast: forecastSchema.optional(),
  critical_services: list(text('the name of a unit'), 'a list of units such as [traefik.service]').prefault([]),
  backup_units: list(text('the name of a unit'), 'a list of units such as [restic-backup.service]').prefault([]),
  execution: section({
    max_parallel: count(1, 100).prefault(1),
    retry_after: duration('1s', '366d').prefault('1h'),
    drain_timeout: duration('0s', '1h').prefault('30s'),
    approval_timeout: duration('1s', '366d').prefault('12h'),
    circuit_breaker: section({
      failures: count(1, 1000).prefault(3),
      reset_after: duration('1m', '366d').prefault('24h'),
    }).prefault({}),
  }).prefault({}),
  ledger: section({
    keep: duration('90d', '36500d').prefault('400d'),
    signing_key_file: path().optional(),
  }).prefault({}),
  context_log: path().nullable().prefault('../data/context/issues.json'),
  log_dir: path().prefault('../data/remediation-logs'),
  textfile: path().nullable().prefault('../data/metrics/proactive-remediation.prom'),
  discord: section({
    webhook_url: text('a URL').optional(),
    webhook_url_file: path().optional(),
  }).optional(),
});

export type Settings = z.infer<typeof configSchema>;
