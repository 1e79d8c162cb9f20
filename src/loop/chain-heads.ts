import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';

/**
 * Logs where the hash chain of the ledger ends, whenever that is another entry than before: whoever keeps logs on another machine has
 * a copy there that nobody who writes the store can change with it. Never rejects.
 */
export function createChainHeads(ledger: Pick<Ledger, 'chain'>, logger: Pick<Logger, 'info' | 'debug'>) {
  let told = 0;
  let underWay: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      const head = await ledger.chain.head();
      if (head === null || head.seq === told) return;
      told = head.seq;
      logger.info({ chain_head: `${head.seq}:${head.hash}` }, 'the head of the ledger');
    } catch (error) {
      logger.debug({ err: error }, 'the head of the ledger cannot be read now');
    }
  }

  return {
    log(): Promise<void> {
      underWay ??= look().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}
