import { dirname, join, resolve } from 'node:path';
import type { ActionMapping } from '../mapping/mapping.ts';
import type { Config, FactConfig, Secret } from './config.ts';
import { resolveForecast } from './forecast-schema.ts';
import { argv, resolvePlaybook } from './resolve-playbook.ts';
import type { Settings } from './schema.ts';
import { readStore, resolveStore } from './store.ts';

interface Resolved {
  /** Absolute path of forestall.yaml. */
  readonly file: string;
  readonly home: string;
  readonly mapping: ActionMapping;
  readonly bearer_token: Secret | null;
  /** Of `web.tokens`, in their order. */
  readonly tokens: readonly (Secret | null)[];
  readonly webhook_url: Secret | null;
  readonly store_password: Secret | null;
  readonly warnings: readonly string[];
  readonly advice: readonly string[];
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The settings as the service uses them: paths absolute, programs found beside the file that names them. */
export function resolveConfig(settings: Settings, given: Resolved): Config {
  const folder = dirname(given.file);
  const absolute = (path: string) => resolve(folder, path);
  const orNull = (path: string | null) => (path === null ? null : absolute(path));
  const { web, predictions } = settings;
  return {
    file: given.file,
    web: {
      host: web.listen.host,
      port: web.listen.port,
      external_url: web.external_url ?? urlOf(web.listen),
      bearer_token: given.bearer_token,
      tokens: web.tokens.flatMap(({ name, role }, at) => {
        const token = given.tokens[at] ?? null;
        return token === null ? [] : [{ name, role, token }];
      }),
      max_body_bytes: web.max_body_bytes,
    },
    webhook: settings.webhook,
    store: storeOf(settings.store, given, absolute),
    mapping_file: absolute(settings.mapping),
    mapping: given.mapping,
    predictions: { stale_after: predictions.stale_after, files: predictions.files.map(absolute) },
    playbooks: mapEntries(settings.playbooks, (playbook, name) => resolvePlaybook(playbook, name, folder)),
    facts: mapEntries(settings.facts, (fact, name): FactConfig => {
      const { timeout } = fact;
      if (fact.command !== undefined) return { kind: 'command', name, command: argv(fact.command, folder), timeout };
      return { kind: 'promql', name, promql: fact.promql ?? '', timeout };
    }),
    prometheus: settings.prometheus ?? null,
    alertmanager: settings.alertmanager ?? null,
    rules: settings.rules,
    forecast: settings.forecast === undefined ? null : resolveForecast(settings.forecast),
    critical_services: settings.critical_services,
    backup_units: settings.backup_units,
    execution: settings.execution,
    ledger: { keep: settings.ledger.keep, signing_key_file: orNull(settings.ledger.signing_key_file ?? null) },
    context_log: orNull(settings.context_log),
    log_dir: absolute(settings.log_dir),
    textfile: orNull(settings.textfile),
    discord: given.webhook_url === null ? null : { webhook_url: given.webhook_url },
    warnings: given.warnings,
    advice: given.advice,
  };
}

function storeOf(text: string, { home, store_password }: Resolved, absolute: (path: string) => string) {
  const written = readStore(text);
  if ('problem' in written) throw new Error(written.problem);
  return resolveStore(written, store_password, (path) =>
    path.startsWith('~/') ? join(home, path.slice(2)) : absolute(path),
  );
}

function mapEntries<V, R>(
  record: Readonly<Record<string, V>>,
  change: (value: V, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
