// Loaded before a program (`--import`): the program's wall clock is then ahead of the machine's by as many milliseconds as
// the file WALL_CLOCK says, whenever that changes. What only goes forward (performance.now, timers) goes on as it is.
import { readFileSync } from 'node:fs';

const RealDate = Date;
const realNow = Date.now;
const file = process.env.WALL_CLOCK;
const ahead = () => Number(readFileSync(file, 'utf8'));

globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(Date.now());
    else super(...parts);
  }

  static now() {
    return realNow() + ahead();
  }
};
