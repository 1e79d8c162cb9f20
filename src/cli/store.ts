import { CopyUsage, copyStore } from '../app/copy-store.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, USAGE } from './context.ts';

/** `forestall store copy`: exit 0 when both sides hold the same. */
export async function copy(
  context: CommandContext,
  {
    json,
    ...options
  }: { readonly from: string; readonly to: string; readonly passwordFile: string | null; readonly json: boolean },
): Promise<ExitCode> {
  const { keepSecret } = context;
  const copied = await copyStore({ ...options, keepSecret }).catch((error: unknown) => {
    throw error instanceof CopyUsage ? new CommandError(error.message, USAGE) : error;
  });
  if (json) context.print(`${JSON.stringify({ tables: copied }, null, 2)}\n`);
  else {
    const width = Math.max(...copied.map(({ table }) => table.length));
    for (const { table, rows, added, digest } of copied)
      context.print(`${table.padEnd(width)}  ${rows} rows, ${added} new, sha256 ${digest.slice(0, 16)}\n`);
    context.print('both stores hold the same\n');
  }
  return DONE;
}
