import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1_048_576;
const DAY = 86_400;

/** The size that the demo takes as the whole disk, bytes. */
export const CAPACITY = 64 * MIB;
/** The part of it that is critical. */
export const CRITICAL = 0.9;

export interface Growth {
  readonly used: number;
  readonly perDay: number;
  readonly daysUntilCritical: number;
}

/** Fills a folder with six days of logs, 4 MiB a day: real bytes, dated so that all are old enough to be cleaned. */
export function fill(folder: string, now: number): Growth {
  mkdirSync(folder, { recursive: true });
  const perDay = 4 * MIB;
  for (let day = 0; day < 6; day++) {
    const file = join(folder, `application-${day}.log`);
    writeFileSync(file, randomBytes(perDay));
    const written = now / 1000 - (46 - day) * DAY;
    utimesSync(file, written, written);
  }
  const used = usage(folder);
  const daysUntilCritical = Math.round(((CAPACITY * CRITICAL - used) / perDay) * 10) / 10;
  return { used, perDay, daysUntilCritical };
}

/** What the files of a folder take on disk, bytes. */
export function usage(folder: string): number {
  return readdirSync(folder)
    .map((name) => statSync(join(folder, name)).blocks * 512)
    .reduce((sum, bytes) => sum + bytes, 0);
}
