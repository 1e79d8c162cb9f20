import { type CommandAnswer, type Fact, type FactAnswer, FactFailure, MAX_OUTPUT, seconds, shown } from './fact.ts';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const ENDED = 'it was ended';

/** A fact asked by a command of the configuration. */
export function commandFact(argv: readonly string[], timeout: number): Fact {
  return async ({ runCommand }) => {
    const answer = await runCommand({ argv, timeout, maxOutput: MAX_OUTPUT });
    return readCommandAnswer(shown(argv.join(' ')), answer, timeout);
  };
}

/**
 * A number or `true`/`false` alone on standard output with exit code 0 or 1 (`pgrep -c` says 0 with 1); or nothing, then
 * 0 is true and 1 is false. Throws a `FactFailure` for anything else, a signal or the time-out.
 */
function readCommandAnswer(command: string, answer: CommandAnswer, timeout: number): FactAnswer {
  const fail = (what: string): never => {
    throw new FactFailure(`\`${command}\` ${what}`);
  };
  if (answer.could_not_start !== null) return fail(`could not be started: ${shown(answer.could_not_start)}`);
  if (answer.timed_out)
    return fail(
      `did not answer within ${seconds(timeout)} and was ended; raise the timeout of this fact or make it quicker`,
    );
  if (answer.stdout_truncated)
    return fail(`printed more than ${MAX_OUTPUT} bytes, ${ENDED}; expected a number, true or false alone`);
  if (answer.signal !== null) return fail(`was ended by ${answer.signal}`);
  const said = answer.stderr === undefined || answer.stderr.trim() === '' ? '' : `: ${shown(lastLine(answer.stderr))}`;
  if (answer.exit_code !== 0 && answer.exit_code !== 1) return fail(`failed with exit code ${answer.exit_code}${said}`);
  const text = answer.stdout.trim();
  if (text === '') {
    const value = answer.exit_code === 0;
    return { value, message: `\`${command}\` exited with ${answer.exit_code}: ${value}` };
  }
  if (text === 'true' || text === 'false') return { value: text === 'true', message: `\`${command}\` says ${text}` };
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) return fail(`printed "${shown(text)}"; expected a number, true or false alone`);
  return { value, message: `\`${command}\` says ${value}` };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
