import { DEFAULT_DEMAND } from '../accuracy/proof.ts';
import type { Config } from '../config/config.ts';
import { reachOf } from '../decision/reach.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { createRetention, type Retention } from '../loop/retention.ts';
import { removeOutput } from '../playbook/output.ts';
import { signingKey } from './chain.ts';

/** Forgets by what is configured now. */
export function retentionOf(options: {
  readonly ledger: Ledger;
  readonly config: () => Config;
  readonly onChain: (fits: boolean) => void;
  readonly logger: Logger;
}): Retention {
  const { ledger, config, onChain, logger } = options;
  return createRetention({
    ledger,
    signingKey: () => signingKey(config()),
    keep() {
      const { ledger: settings, mapping, execution, forecast } = config();
      return { keep: settings.keep, reach: reachOf(mapping, execution, forecast ?? DEFAULT_DEMAND) };
    },
    removeOutput: (id) => removeOutput(config().log_dir, id),
    onChain,
    now: Date.now,
    logger,
  });
}
