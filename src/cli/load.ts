import { homedir } from 'node:os';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblems } from '../config/problem.ts';
import { type CommandContext, CommandError, USAGE } from './context.ts';

/** The configuration, or the end of the command with every problem at once. `mapping`: a file in place of the one it names. */
export function configOrEnd(context: CommandContext, mapping: string | null = null): Config {
  const loaded = loadConfig({ file: context.configFile, env: context.env, home: homedir(), mapping });
  if (!loaded.ok) throw new CommandError(formatProblems(loaded.problems), USAGE);
  context.keepSecret(secretsOf(loaded.config));
  return loaded.config;
}

function secretsOf({ web, store, discord }: Config): readonly string[] {
  const password = store.engine === 'postgres' ? store.password : null;
  return [web.bearer_token, ...web.tokens.map(({ token }) => token), discord?.webhook_url, password].flatMap(
    (secret) => secret?.reveal() ?? [],
  );
}
