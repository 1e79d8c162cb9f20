import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/load.ts';
import { formatProblems } from '../config/problem.ts';
import { generateRules } from '../mapping/rules.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO, USAGE } from './context.ts';
import { findProgram } from './demo/programs.ts';
import { type Choices, choicesOf } from './init/choices.ts';
import { makeState, type Planned, plan, writeNew } from './init/files.ts';
import { ask, readAddress } from './init/questions.ts';
import { survey } from './init/survey.ts';
import { PLAIN_PATH } from './init/units.ts';
import { foundInWords, nextCommands, warningsOf } from './init/words.ts';

export interface InitOptions {
  readonly directory: string;
  /** Take what was found, ask nothing. */
  readonly yes: boolean;
  readonly json: boolean;
  /** Where to look for them; null for the usual address. */
  readonly prometheus: string | null;
  readonly alertmanager: string | null;
}

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * `forestall init`: writes configuration, mapping, token, rules and files for systemd, Prometheus and Alertmanager for this
 * machine. Overwrites nothing; exit 1 when nothing could be written.
 */
export async function init(context: CommandContext, options: InitOptions): Promise<ExitCode> {
  const directory = resolve(options.directory);
  for (const path of [directory, HOME]) {
    if (PLAIN_PATH.test(path)) continue;
    const message = `${JSON.stringify(path)} holds characters that unit files, shells or Prometheus read as their own: use a folder of letters, digits and ._@+-`;
    throw new CommandError(message, USAGE);
  }
  if (!options.yes && !(process.stdin.isTTY && process.stderr.isTTY)) {
    const message = 'this is no terminal to ask questions on: `forestall init --yes` takes what it finds';
    throw new CommandError(message, USAGE);
  }
  const found = await survey({
    directory,
    prometheus: address(options.prometheus, '--prometheus') ?? 'http://127.0.0.1:9090',
    alertmanager: address(options.alertmanager, '--alertmanager') ?? 'http://127.0.0.1:9093',
    path: context.env['PATH'] ?? '',
  });
  const tell = (text: string) => (options.json ? undefined : context.print(text));
  tell(`found on this machine:\n${list(foundInWords(found))}`);
  const isRoot = process.getuid?.() === 0;
  const suggested = choicesOf(found, { directory, home: HOME, user: userName(), isRoot });
  const choices = options.yes ? suggested : await ask(suggested, { input: process.stdin, output: process.stderr });

  const token = randomBytes(32).toString('base64url');
  context.keepSecret([token]);
  const { written, left } = writeAll(choices, token, context);
  const next = nextCommands(choices, programName(context.env['PATH'] ?? ''));
  const warnings = warningsOf(choices);
  if (options.json) context.print(`${JSON.stringify({ directory, found, written, left, warnings, next }, null, 2)}\n`);
  if (written.length > 0) tell(`written:\n${list(written)}`);
  if (left.length > 0) tell(`left as they were:\n${list(left)}`);
  for (const warning of warnings) context.complain(`warning: ${warning}`);
  tell(`next:\n${list(next)}`);
  if (written.length > 0) return DONE;
  context.complain('nothing was written: everything is there already');
  return NO;
}

function writeAll(
  choices: Choices,
  token: string,
  context: CommandContext,
): { readonly written: readonly string[]; readonly left: readonly string[] } {
  const written: string[] = [];
  const left: string[] = [];
  const write = (file: Planned) => void (writeNew(file, context) ? written : left).push(file.path);
  for (const file of plan(choices, token)) write(file);
  makeState(choices);
  const config = join(choices.directory, 'config/forestall.yaml');
  const loaded = loadConfig({ file: config, env: context.env, home: homedir() });
  if (!loaded.ok) {
    context.complain(
      `no alert rules are generated, as the configuration cannot be used:\n${formatProblems(loaded.problems)}`,
    );
    return { written, left };
  }
  const path = join(choices.directory, 'alert-rules/predictions.rules.yml');
  write({ path, text: generateRules(loaded.config.mapping, loaded.config.rules), mode: 0o644 });
  return { written, left };
}

function address(given: string | null, option: string): string | null {
  if (given === null) return null;
  const read = readAddress(given);
  if (read === null)
    throw new CommandError(
      `${option}: found ${JSON.stringify(given)}, expected a URL such as http://127.0.0.1:9090`,
      USAGE,
    );
  return read;
}

/** How this program is called from a shell: by name where the PATH leads here. */
function programName(path: string): string {
  const launcher = join(HOME, 'bin/forestall');
  const onPath = findProgram(['forestall'], path);
  try {
    return onPath !== null && realpathSync(onPath) === realpathSync(launcher) ? 'forestall' : launcher;
  } catch {
    return launcher;
  }
}

/** The number where the user has no name, as in some containers; a unit takes either. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'nobody');
  }
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
