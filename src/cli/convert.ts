import { resolve } from 'node:path';
import { readDocument } from '../config/document.ts';
import { formatProblems } from '../config/problem.ts';
import { formatDuration } from '../mapping/duration.ts';
import { type ConvertedTable, convertRoutingTable } from '../mapping/routing-table.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, USAGE } from './context.ts';

/** `forestall convert FILE`: the mapping on standard output, what has to be done besides on standard error. */
export async function convert(context: CommandContext, file: string): Promise<ExitCode> {
  const document = readDocument(resolve(file), file);
  if ('problem' in document) throw new CommandError(formatProblems([document.problem]), USAGE);
  if (document.problems.length > 0) throw new CommandError(formatProblems(document.problems), USAGE);
  const converted = convertRoutingTable(document.value);
  if ('issues' in converted) {
    throw new CommandError(formatProblems(converted.issues.map(document.problemAt)), USAGE);
  }
  // What the configuration would take for an environment variable stands for itself here.
  context.print(`${JSON.stringify(converted.mapping, null, 2).split('${').join('$${')}\n`);
  context.complain(settingsFor(converted));
  for (const note of converted.notes) context.complain(`note: ${note}`);
  return DONE;
}

/** What belongs into forestall.yaml. The programs are not in the table. */
function settingsFor({ playbooks, circuit_breaker }: ConvertedTable): string {
  const lines = ['forestall.yaml needs, with the paths of your programs:', 'playbooks:'];
  for (const [name, given] of playbooks) {
    const argv = [`playbooks/${name}`, ...given].map((word) => (/^[\w./-]+$/.test(word) ? word : JSON.stringify(word)));
    lines.push(`  ${name}: { version: "1.0", run: [${argv.join(', ')}] }`);
  }
  if (circuit_breaker !== null) {
    const { failures, reset_minutes } = circuit_breaker;
    const reset = formatDuration(reset_minutes * 60_000);
    lines.push(`execution: { circuit_breaker: { failures: ${failures}, reset_after: ${reset} } }`);
  }
  return lines.join('\n');
}
