import { forecastGate, pass, stop } from '../gate.ts';

/** `conditions.min_consecutive`: so many predictions in a row have to be in the window. */
export const notPersistent = forecastGate('not_persistent', (_prediction, { conditions }, { consecutive }) =>
  consecutive >= conditions.min_consecutive
    ? pass(`in the window for ${consecutive} in a row >= ${conditions.min_consecutive}`)
    : stop(`in the window for ${consecutive} in a row < ${conditions.min_consecutive}`),
);
