import { userInfo } from 'node:os';
import { answerOnce } from '../app/answer.ts';
import { notWaitingInWords } from '../http/approvals.ts';
import { answeredOnWire, executionOnWire } from '../http/wire.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO } from './context.ts';
import { configOrEnd } from './load.ts';

/** `forestall approve ID`, `forestall reject ID`: exit 1 when the answer was not taken. */
export async function answer(
  context: CommandContext,
  { id, approve, json }: { readonly id: string; readonly approve: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const config = configOrEnd(context);
  const given = await answerOnce(config, context.logger, { id, approve, name: `cli:${userName()}` });
  const { answer: what, taken_up } = given;
  switch (what.kind) {
    case 'not_found':
      throw new CommandError(`no execution ${id} on record`, NO);
    case 'refused':
    case 'not_waiting': {
      const message = what.kind === 'refused' ? `${what.reason}: ${what.message}` : notWaitingInWords(what);
      const more =
        what.kind === 'refused'
          ? { reason: what.reason }
          : { state: what.state, answered: answeredOnWire(what.answered) };
      if (json) print(context, { error: { code: what.kind, message, issues: [], ...more } });
      else
        context.complain(
          what.kind === 'refused' ? `not approved, it goes on waiting: ${message}` : `${id}: ${message}`,
        );
      return NO;
    }
    default:
      if (json) print(context, { ...executionOnWire(what.execution), ...(approve ? { taken_up } : {}) });
      else context.print(`${inWords(id, approve, taken_up)}\n`);
      return DONE;
  }
}

function inWords(id: string, approve: boolean, takenUp: boolean): string {
  if (!approve) return `denied ${id}`;
  if (takenUp) return `approved ${id}: the service carries it on`;
  return `approved ${id}: no service is running on this store; the approval is on record, and when the service runs next it runs, if every gate still passes then`;
}

function print(context: CommandContext, document: object): void {
  context.print(`${JSON.stringify(document, null, 2)}\n`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
