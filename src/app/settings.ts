import { homedir } from 'node:os';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblems } from '../config/problem.ts';
import type { Logger } from '../logger.ts';

/** The configuration in force, and how the last attempt to reload it went. */
export interface Settings {
  readonly config: Config;
  readonly lastReload: { readonly successful: boolean; readonly successAt: number };
  /** Reads both files again. A bad configuration leaves the old one in force; its problems are returned. */
  reload(): Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }>;
}

export interface SettingsOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => number;
  readonly logger: Logger;
  /** Called with the new configuration once it is in force. */
  readonly onChange: (config: Config) => Promise<void>;
}

export function createSettings({ config, env, now, logger, onChange }: SettingsOptions): Settings {
  let current = config;
  let lastReload = { successful: true, successAt: now() };
  /** Reloads run one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  async function reload(): ReturnType<Settings['reload']> {
    const loaded = loadConfig({ file: current.file, env, home: env['HOME'] ?? homedir() });
    if (!loaded.ok) {
      lastReload = { ...lastReload, successful: false };
      const problems = loaded.problems.map((problem) => formatProblems([problem]));
      logger.error({ problems }, 'the new configuration cannot be used; the old one stays in force');
      return { ok: false, problems };
    }
    for (const key of needsRestart(current, loaded.config)) {
      logger.warn({ key }, 'a changed setting takes effect at the next start only');
    }
    for (const warning of loaded.config.warnings) logger.warn({}, warning);
    current = loaded.config;
    await onChange(current);
    lastReload = { successful: true, successAt: now() };
    logger.info({ file: current.file, mapping: current.mapping_file }, 'configuration reloaded');
    return { ok: true };
  }

  return {
    get config() {
      return current;
    },
    get lastReload() {
      return lastReload;
    },
    reload() {
      const next = last.then(reload);
      last = next.catch(() => undefined);
      return next;
    },
  };
}

function needsRestart(before: Config, after: Config): readonly string[] {
  const changed = (key: 'web' | 'store', pick: (config: Config) => unknown): readonly string[] =>
    JSON.stringify(pick(before)) === JSON.stringify(pick(after)) ? [] : [key];
  // Tokens that change take effect at once; a first one that comes, or the last that goes, does not.
  const lasting = ({ web }: Config) => {
    return { ...web, tokens: null, bearer_token: web.bearer_token !== null || web.tokens.length > 0 };
  };
  return [...changed('web', lasting), ...changed('store', (config) => config.store)];
}
