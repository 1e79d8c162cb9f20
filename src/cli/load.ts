import { homedir } from 'node:os';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblems } from '../config/problem.ts';
import { type CommandContext, CommandError, USAGE } from './context.ts';

/** The configuration, or the end of the command with every problem at once. */
export function configOrEnd(context: CommandContext): Config {
  const loaded = loadConfig({ file: context.configFile, env: context.env, home: homedir() });
  if (!loaded.ok) throw new CommandError(formatProblems(loaded.problems), USAGE);
  context.keepSecret(secretsOf(loaded.config));
  return loaded.config;
}

function secretsOf({ web, discord }: Config): readonly string[] {
  return [web.bearer_token, ...web.tokens.map(({ token }) => token), discord?.webhook_url].flatMap(
    (secret) => secret?.reveal() ?? [],
  );
}
