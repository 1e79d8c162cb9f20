import { z } from 'zod';
import { BASE_RATE, forecast } from '../forecast/forecast.ts';
import { type CommandContext, DONE, type ExitCode, NO } from './context.ts';
import { readLines } from './lines.ts';

/**
 * `forestall forecast`: with `stdin`, answers each JSON line of standard input with a line, in order; else forecasts from
 * the configured sources.
 */
export async function forecastCommand(
  context: CommandContext,
  { stdin, ...asked }: { readonly stdin: boolean; readonly json: boolean; readonly resource: string | null },
): Promise<ExitCode> {
  if (!stdin) return await (await import('./forecast/now.ts')).forecastNow(context, asked);
  const { stdin: input, stdout: output } = process;
  // The stream itself forgets that its reader left.
  let isLost = false;
  output.once('error', () => {
    isLost = true;
  });
  return await answerLines(input, context.print, async () => {
    if (output.writableNeedDrain && !isLost) await drained(output);
    return !isLost;
  });
}

/** Until it takes more, or never will. */
function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'];
    const settle = (): void => {
      for (const event of events) stream.removeListener(event, settle);
      resolve();
    };
    for (const event of events) stream.on(event, settle);
  });
}

/** Answers a line before it reads the next one; blank lines have no answer. Ends early when `isWanted` says so. */
async function answerLines(
  input: AsyncIterable<Buffer | string>,
  print: (text: string) => void,
  isWanted: () => Promise<boolean>,
): Promise<ExitCode> {
  let exitCode: ExitCode = DONE;
  let number = 0;
  for await (const line of readLines(input)) {
    number += 1;
    if (line?.trim() === '') continue;
    const answer = answerTo(line, number);
    if ('error' in answer) exitCode = NO;
    print(`${JSON.stringify(answer)}\n`);
    if (!(await isWanted())) break;
  }
  return exitCode;
}

/** A value may be null, as `JSON.stringify` writes what is not a number; it does not count. */
const request = z.object({
  series: z.array(z.tuple([z.number(), z.number().nullable()])),
  threshold: z.number().positive(),
  now: z.number(),
});

function answerTo(line: string | null, number: number): object {
  const wrong = (path: string, message: string) => ({ error: { line: number, path, message } });
  if (line === null) return wrong('', 'the line is too long: thin the series out');
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    return wrong('', `is not JSON: ${(error as Error).message}`);
  }
  const read = request.safeParse(parsed);
  if (!read.success) {
    const { path, message } = read.error.issues[0]!;
    return wrong(z.core.toDotPath(path), message);
  }
  const { series, threshold, now } = read.data;
  const samples = series.map(([time, value]) => [time, value ?? Number.NaN] as const);
  const result = forecast(samples, threshold, now);
  if (result.kind === 'no forecast') {
    return {
      days_until_critical: null,
      confidence: 1 - BASE_RATE,
      p_within_14d: BASE_RATE,
      no_forecast: result.reason,
    };
  }
  const { kind, ...told } = result;
  return told;
}
