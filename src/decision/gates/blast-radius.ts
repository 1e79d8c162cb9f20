import type { BlastRadius } from '../../mapping/mapping.ts';
import { budgetGate, pass, skip, stop } from '../gate.ts';
import { windowOpensAt } from '../limits.ts';
import { atTime, inWords, num, shown } from '../words.ts';

/** How soon it is looked again whether the inventory can be read, milliseconds. */
const LOOK_AGAIN = 60_000;
/** So many hosts are named. */
const NAMED = 5;

/** `action.blast_radius`: on so many hosts a playbook may run per trailing window. One that it ran on already adds none. */
export const blastRadius = budgetGate('blast_radius', ({ action }, { now, fleet, target, prediction }, { hosts }) => {
  const radius = action.blast_radius;
  if (radius === null) return skip('the action has no blast radius');
  const most = hostsAllowed(radius, fleet);
  if (most === null) {
    const what = `how many hosts ${num(radius.percent ?? 0)} % of the inventory of ${action.playbook} are`;
    return stop(`${what} is not known: the inventory could not be read yet`, now + LOOK_AGAIN);
  }
  const own = (target ?? prediction)?.host ?? null;
  const touched = hosts
    .map(({ host, at }) => ({ host, at: at ?? now }))
    .filter(({ at }) => at > now - radius.per)
    .sort((a, b) => b.at - a.at);
  const of = radius.percent === null || fleet === null ? `${most}` : `${most} of the inventory's ${fleet}`;
  const others = touched.filter(({ host }) => host !== own);
  const opensAt = windowOpensAt(
    others.map(({ at }) => at),
    most,
    radius.per,
    now,
  );
  if (opensAt === null || others.length < touched.length) {
    return pass(`${counted(touched.length)} in ${inWords(radius.per)}, ${of} allowed`);
  }
  const names = others.slice(0, NAMED).map(({ host }) => (host === null ? 'no host' : shown(host)));
  const list = others.length > NAMED ? `${names.join(', ')}, …` : names.join(', ');
  return stop(
    `${action.playbook}: ${counted(others.length)} in ${inWords(radius.per)} (${list}), ${of} allowed; the next is possible at ${atTime(opensAt)}`,
    opensAt,
  );
});

const counted = (hosts: number): string => (hosts === 1 ? '1 host' : `${hosts} hosts`);

/** The stricter of the two bounds; a share is rounded down and at least one host. Null: the share of an unknown number. */
function hostsAllowed({ hosts, percent }: BlastRadius, fleet: number | null): number | null {
  if (percent === null) return hosts;
  if (fleet === null || !(fleet > 0)) return null;
  const share = Math.max(1, Math.floor((fleet * percent) / 100));
  return hosts === null ? share : Math.min(hosts, share);
}
