import { access, readFile, writeFile } from 'node:fs/promises';
import { generateRules } from '../mapping/rules.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO } from './context.ts';
import { configOrEnd } from './load.ts';

/** `forestall rules`: `output` is a path or `-`; with `check` nothing is written. */
export async function rules(
  context: CommandContext,
  { output, check, json }: { readonly output: string; readonly check: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const config = configOrEnd(context);
  const text = generateRules(config.mapping, config.rules);
  const tell = (document: object, words: string) =>
    context.print(json ? `${JSON.stringify({ output, ...document }, null, 2)}\n` : `${words}\n`);
  if (check) {
    if (await isUpToDate(output, text)) {
      tell({ up_to_date: true }, `${output} is up to date`);
      return DONE;
    }
    if (json) tell({ up_to_date: false }, '');
    context.complain(
      `${output} differs from what ${config.mapping_file} generates: run \`forestall rules --output ${output}\``,
    );
    return NO;
  }
  if (output === '-') {
    if (json) tell({ rules: text }, '');
    else context.print(text);
    return DONE;
  }
  try {
    await writeFile(output, text);
  } catch (error) {
    throw new CommandError(`${output} cannot be written: ${(error as Error).message}`, NO);
  }
  tell({ written: true }, `wrote ${output}`);
  return DONE;
}

/** True when the file holds exactly this text; a file that is not there is not up to date. */
export async function isUpToDate(file: string, text: string): Promise<boolean> {
  try {
    return (await readFile(file, 'utf8')) === text;
  } catch {
    return false;
  }
}

export async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
