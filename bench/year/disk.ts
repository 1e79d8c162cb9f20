import type { Plan } from './plans.ts';

/** The share of the disk from which on it is critical. */
export const CRITICAL = 0.9;
/** Three hours in a row at or above it are an incident, until a whole day is below it. */
const IN_A_ROW = 3;
const OVER_AFTER = 24;
/** What is younger is in use: neither playbook nor owner deletes it. */
const OLD = 48;

export interface Incident {
  readonly began: number;
  /** What could have been deleted then. */
  readonly freeable: number;
}

/** One disk, hour by hour. */
export interface Disk {
  /** The hour that `step` does next. */
  readonly hour: number;
  /** As it is measured. */
  readonly value: number;
  readonly incidents: readonly Incident[];
  step(): void;
  /** What could be deleted now. */
  freeable(): number;
  /** Deletes this share of that; how much it was. */
  clean(share: number): number;
  /** People come in so many hours, unless they are on their way already. */
  call(after: number): boolean;
  /** The same disk, to see what becomes of it otherwise. */
  fork(): Disk;
}

interface State {
  hour: number;
  /** By the hour in which it arrived. */
  junk: Float64Array;
  kept: Float64Array;
  level: number;
  value: number;
  streak: number;
  below: number;
  isOpen: boolean;
  ownerAt: number | null;
  answers: number;
  /** Leaks that began before this hour are mended. */
  mendedUntil: number;
  incidents: Incident[];
}

export function createDisk(plan: Plan): Disk {
  const junk = new Float64Array(plan.hours);
  junk[0] = plan.oldJunk;
  return diskOf(plan, {
    hour: 0,
    junk,
    kept: new Float64Array(plan.hours),
    level: plan.base + plan.oldJunk,
    value: plan.base + plan.oldJunk,
    streak: 0,
    below: 0,
    isOpen: false,
    ownerAt: null,
    answers: 0,
    mendedUntil: 0,
    incidents: [],
  });
}

function diskOf(plan: Plan, state: State): Disk {
  function arrive(): void {
    const { hour } = state;
    const put = (into: Float64Array, amount: number): void => {
      // A disk that is full takes nothing more.
      const fits = Math.max(0, Math.min(amount, 1 - state.level));
      into[hour] = into[hour]! + fits;
      state.level += fits;
    };
    const amount = plan.arrivals[hour]!;
    put(state.junk, amount * plan.freeable);
    put(state.kept, amount * (1 - plan.freeable));
    for (const { from, to, rate, freeable } of plan.leaks) {
      if (hour >= from && hour < to && from >= state.mendedUntil) put(freeable ? state.junk : state.kept, rate);
    }
    const expires = plan.keeps === null ? -1 : hour - plan.keeps;
    if (expires >= 0) {
      for (const held of [state.junk, state.kept]) {
        state.level -= held[expires]!;
        held[expires] = 0;
      }
    }
  }

  function freeable(): number {
    let sum = 0;
    for (let i = 0; i <= state.hour - OLD; i += 1) sum += state.junk[i]!;
    return sum;
  }

  function clean(share: number): number {
    const freed = freeable() * share;
    for (let i = 0; i <= state.hour - OLD; i += 1) state.junk[i] = state.junk[i]! * (1 - share);
    state.level -= freed;
    return freed;
  }

  /** Deletes what can be deleted, mends what leaks, and makes room for the rest. */
  function ownerComes(level: number): void {
    state.ownerAt = null;
    state.answers += 1;
    state.mendedUntil = state.hour + 1;
    clean(1);
    const over = state.level - level;
    if (over > 0) state.level -= over;
  }

  const answer = () => plan.answers[state.answers % plan.answers.length]!;

  function look(): void {
    const isCritical = state.value >= CRITICAL;
    state.streak = isCritical ? state.streak + 1 : 0;
    state.below = isCritical ? 0 : state.below + 1;
    if (state.isOpen && state.below >= OVER_AFTER) state.isOpen = false;
    if (state.streak < IN_A_ROW) return;
    if (!state.isOpen) state.incidents.push({ began: state.hour - IN_A_ROW + 1, freeable: freeable() });
    state.isOpen = true;
    const at = state.hour + answer().after;
    state.ownerAt = Math.min(state.ownerAt ?? at, at);
  }

  return {
    get hour() {
      return state.hour;
    },
    get value() {
      return state.value;
    },
    get incidents() {
      return state.incidents;
    },
    step() {
      arrive();
      const share = plan.tidied[state.hour]!;
      if (share > 0) clean(share);
      if (state.ownerAt !== null && state.hour >= state.ownerAt) ownerComes(answer().level);
      state.value = Math.max(0, Math.min(1, state.level + plan.above[state.hour]!));
      look();
      state.hour += 1;
    },
    freeable,
    clean,
    call(after) {
      if (state.ownerAt !== null) return false;
      state.ownerAt = state.hour + after;
      return true;
    },
    fork: () =>
      diskOf(plan, {
        ...state,
        junk: state.junk.slice(),
        kept: state.kept.slice(),
        incidents: [...state.incidents],
      }),
  };
}

/** Days until the next incident if nothing more is done than its owner does; null: none within so many days. */
export function daysToIncident(disk: Disk, days: number): number | null {
  const began = disk.incidents.length;
  const from = disk.hour;
  for (let i = 0; i < days * 24; i += 1) {
    disk.step();
    const next = disk.incidents[began];
    if (next !== undefined) return Math.max(0, next.began - from) / 24;
  }
  return null;
}
