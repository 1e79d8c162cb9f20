import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { parse } from 'yaml';
import type { Config } from '../../config/config.ts';
import { isLoopback } from '../../config/listen.ts';
import { type AlertmanagerConfig, ConfigUnreadable, readAlertmanagerConfig } from '../../doctor/alertmanager-config.ts';
import type { AlertmanagerFacts, Asked } from '../../doctor/facts.ts';
import { createAlertmanagerClient } from '../../prometheus/alertmanager.ts';
import { type AlertmanagerStatus, createAlertmanagerState } from '../../prometheus/alertmanager-state.ts';
import { silenceCovering } from '../../prometheus/silence.ts';
import { aheadOf } from './prometheus.ts';

const LONGEST_TOKEN_FILE = 65_536;
/** Its clock is told to the second only, milliseconds. */
const RESOLUTION = 1000;

/** Asks an Alertmanager all that the findings need, everything at once. */
export async function examineAlertmanager(
  options: { readonly url: string; readonly timeout: number },
  config: Config,
): Promise<AlertmanagerFacts> {
  const state = createAlertmanagerState(options);
  const before = Date.now();
  const [{ status, after }, counts, silencedBy] = await Promise.all([
    state.status().then((answer) => ({ status: answer, after: Date.now() })),
    state.counts(),
    silences(options),
  ]);
  const read = configIn(status, state.url);
  const date = status.ok ? status.value.date : null;
  return {
    url: state.url,
    version: status.ok ? { ok: true, value: status.value.version } : status,
    config: read,
    deliveries: counts.ok ? { ok: true, value: counts.value.deliveries } : counts,
    reloaded: counts.ok ? counts.value.reloaded : null,
    clock_ahead: date === null ? null : aheadOf(date, before - RESOLUTION, after),
    silencedBy,
    token_files: read.ok && isLoopback(new URL(options.url).hostname) ? tokenFiles(read.value, config) : new Map(),
  };
}

function configIn(status: Asked<AlertmanagerStatus>, url: string): Asked<AlertmanagerConfig> {
  if (!status.ok) return status;
  try {
    return { ok: true, value: readAlertmanagerConfig(parse(status.value.config, { logLevel: 'silent' })) };
  } catch (error) {
    const why = error instanceof ConfigUnreadable ? error.message : 'it is not YAML';
    const message = `the configuration of Alertmanager at ${url} cannot be read: ${why}`;
    return { ok: false, trouble: { kind: 'unreadable', message } };
  }
}

async function silences(options: {
  readonly url: string;
  readonly timeout: number;
}): Promise<AlertmanagerFacts['silencedBy']> {
  try {
    const active = await createAlertmanagerClient(options).silences();
    const now = Date.now();
    return { ok: true, value: (labels) => silenceCovering(active, labels, now) };
  } catch (error) {
    return { ok: false, trouble: { kind: 'refused', message: error instanceof Error ? error.message : String(error) } };
  }
}

/** Of the token files that receivers name, those that can be read here: whether each holds a token of this service. */
function tokenFiles({ receivers }: AlertmanagerConfig, { web }: Config): ReadonlyMap<string, boolean> {
  const tokens = [web.bearer_token, ...web.tokens.map(({ token }) => token)].flatMap(
    (secret) => secret?.reveal() ?? [],
  );
  const files = receivers.flatMap(({ webhooks }) => webhooks.flatMap(({ token_file }) => token_file ?? []));
  return new Map(
    [...new Set(files)].filter(isAbsolute).flatMap((file) => {
      const content = contentOf(file);
      return content === null ? [] : [[file, tokens.includes(content)] as const];
    }),
  );
}

function contentOf(file: string): string | null {
  try {
    const stat = statSync(file);
    return stat.isFile() && stat.size <= LONGEST_TOKEN_FILE ? readFileSync(file, 'utf8').trim() : null;
  } catch {
    return null;
  }
}
