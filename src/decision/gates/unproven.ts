import { policyGate, skip } from '../gate.ts';

/** A source whose scored forecasts came true too seldom is not acted on; posted and written predictions are not scored. */
export const unproven = policyGate('unproven', ({ source }) => skip(`forecasts of ${source} are not scored`));
