import type { KnownDecision } from './inputs.ts';

/** An instant at which a decision is looked at once more. */
export interface Probe {
  readonly at: number;
  /** Whose alert it waits for; null: the last repetition of what is on record, which nothing supersedes. */
  readonly key: string | null;
  readonly known: KnownDecision;
  /** The flip of what ran and is put off until then; null: it did not run. */
  readonly postponed: { postponed_to: number | null } | null;
}

export interface Agenda {
  add(probe: Probe): void;
  /** A later decision on a target replaces what was waited for. */
  supersede(key: string): void;
  /** Takes off what is due by an instant, oldest first; what is added meanwhile among them. */
  until(at: number): Iterable<Probe>;
}

export function createAgenda(): Agenda {
  /** Newest first. */
  let probes: Probe[] = [];
  return {
    add(probe) {
      let place = probes.length;
      while (place > 0 && probes[place - 1]!.at <= probe.at) place--;
      probes.splice(place, 0, probe);
    },
    supersede(key) {
      if (probes.some((probe) => probe.key === key)) probes = probes.filter((probe) => probe.key !== key);
    },
    *until(at) {
      for (let next = probes.at(-1); next !== undefined && next.at < at; next = probes.at(-1)) {
        probes.pop();
        yield next;
      }
    },
  };
}
