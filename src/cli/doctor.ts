import { examine } from '../app/doctor.ts';
import { type Finding, isClosed } from '../doctor/finding.ts';
import { type CommandContext, DONE, type ExitCode, NO } from './context.ts';
import { configOrEnd } from './load.ts';
import { paint } from './terminal.ts';

/** `forestall doctor`: exit 1 when a finding breaks the loop. */
export async function doctor(
  context: CommandContext,
  { json, sendTestAlert }: { readonly json: boolean; readonly sendTestAlert: boolean },
): Promise<ExitCode> {
  const findings = await examine(configOrEnd(context), { sendTestAlert });
  const closed = isClosed(findings);
  if (json) {
    context.print(`${JSON.stringify({ ok: closed, findings }, null, 2)}\n`);
    return closed ? DONE : NO;
  }
  for (const finding of findings) context.print(linesOf(finding, context));
  context.print(`\n${verdict(findings)}\n`);
  return closed ? DONE : NO;
}

const MARKS = {
  ok: { text: 'ok       ', tone: 'good' },
  note: { text: 'note     ', tone: 'quiet' },
  warning: { text: 'warning  ', tone: 'warning' },
  broken: { text: 'BROKEN   ', tone: 'bad' },
} as const;

const INDENT = ' '.repeat(MARKS.ok.text.length);

function linesOf({ kind, message, why, change }: Finding, { terminal }: CommandContext): string {
  const more = [
    ...(why === null ? [] : [why]),
    ...(change === null ? [] : change.split('\n').map((line) => `  ${line}`)),
  ];
  return [`${paint(MARKS[kind], terminal)}${message}`, ...more.map((line) => `${INDENT}${line}`)]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function verdict(findings: readonly Finding[]): string {
  const count = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).length;
  const [breaks, warnings] = [count('broken'), count('warning')];
  const also = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (breaks > 0)
    return `the loop is not closed: ${breaks} ${breaks === 1 ? 'finding breaks' : 'findings break'} it${also}`;
  return `the loop is closed${also}`;
}
