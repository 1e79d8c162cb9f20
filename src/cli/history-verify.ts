import { verifyLedger } from '../app/chain.ts';
import { storeName } from '../app/ledger.ts';
import { atTime } from '../decision/words.ts';
import { fingerprint } from '../ledger/checkpoint.ts';
import type { Verified } from '../ledger/verify-chain.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';

/** `forestall history --verify`: exit 1 when a row is not what the hash chain says of it. */
export async function historyVerify(
  context: CommandContext,
  { head, json }: { readonly head: string | null; readonly json: boolean },
): Promise<ExitCode> {
  const config = configOrEnd(context);
  const verified = await verifyLedger(config, head === null ? null : headFrom(head));
  if (verified === null) throw new CommandError(`there is no ledger at ${storeName(config)} yet`, NO);
  if (json) context.print(`${JSON.stringify(onWire(verified), null, 2)}\n`);
  else context.print(describe(verified, storeName(config)));
  return verified.problem === null ? DONE : NO;
}

/** `NUMBER:HASH` as it is logged and printed, or the hash alone. */
function headFrom(text: string): { readonly seq: number | null; readonly hash: string } {
  const parts = /^(?:(\d{1,15}):)?([0-9a-f]{64})$/.exec(text);
  if (parts === null)
    throw new CommandError(`--head ${text} is no head of a chain: NUMBER:HASH, as it is logged, or the hash`, USAGE);
  return { seq: parts[1] === undefined ? null : Number(parts[1]), hash: parts[2]! };
}

function onWire({ problem, rows, entries, head, checkpoint }: Verified): object {
  return {
    fits: problem === null,
    rows,
    entries,
    head: head === null ? null : `${head.seq}:${head.hash}`,
    checkpoint:
      checkpoint === null
        ? null
        : {
            at: new Date(checkpoint.at).toISOString(),
            entry: checkpoint.entry,
            hash: checkpoint.hash,
            pruned: checkpoint.pruned,
            key: checkpoint.key,
          },
    problem,
  };
}

function describe({ problem, rows, entries, head, checkpoint }: Verified, store: string): string {
  const lines = [
    problem === null
      ? `${store} fits its hash chain: ${rows} rows, ${entries} entries`
      : `${store} does NOT fit its hash chain: ${problem.message}`,
    ...(problem === null ? [] : [`${rows} rows before it fit; leave the store as it is: see the runbook`]),
    ...(checkpoint === null
      ? []
      : [
          `behind the checkpoint of ${atTime(checkpoint.at)} at entry ${checkpoint.entry}, signed by ${fingerprint(checkpoint.key)}; ${checkpoint.pruned} rows pruned so far`,
        ]),
    head === null ? 'the chain is empty' : `head ${head.seq}:${head.hash}`,
  ];
  return `${lines.join('\n')}\n`;
}
