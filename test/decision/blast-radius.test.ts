import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { Facts } from '../../src/decision/decision.ts';
import type { BlastRadius } from '../../src/mapping/mapping.ts';
import { DAY, HOUR, MINUTE, NOW, permittingFacts, permittingInput, permittingMapping } from '../support/decision.ts';

const ran = (host: string, minutesAgo: number) => ({ host, at: NOW - minutesAgo * MINUTE });

/** What is decided about the host `nas` of an inventory of so many. */
function draft(blast_radius: BlastRadius, hosts: Facts['hosts'], fleet: number | null = null) {
  const mapping = permittingMapping({ action: { blast_radius } });
  return decide(permittingInput({ mapping, fleet }), permittingFacts({ hosts }));
}

describe('the blast radius', () => {
  it('counts claims that have not begun, and no host as one', () => {
    expect(draft({ hosts: 2, percent: null, per: DAY }, [{ host: null, at: null }, ran('web2', 20)])).toMatchObject({
      reason: 'blast_radius',
      message: 'disk-cleanup: 2 hosts in 24 h (no host, web2), 2 allowed; the next is possible at 2026-06-17T09:10:00Z',
      next_attempt_at: NOW + DAY - 20 * MINUTE,
    });
  });

  it('of a share that is less than one host is one', () => {
    expect(draft({ hosts: null, percent: 1, per: HOUR }, [], 5).verdict).toBe('approved');
    expect(draft({ hosts: null, percent: 1, per: HOUR }, [ran('web1', 30)], 5)).toMatchObject({
      message:
        "disk-cleanup: 1 host in 1 h (web1), 1 of the inventory's 5 allowed; the next is possible at 2026-06-16T10:00:00Z",
      next_attempt_at: NOW + 30 * MINUTE,
    });
  });

  it('of a share of a number that is not known is none, for a minute', () => {
    for (const fleet of [null, 0, Number.NaN]) {
      expect(draft({ hosts: 3, percent: 50, per: HOUR }, [], fleet)).toMatchObject({
        verdict: 'deferred',
        message:
          'how many hosts 50 % of the inventory of disk-cleanup are is not known: the inventory could not be read yet',
        next_attempt_at: NOW + MINUTE,
      });
    }
  });

  it('lets a host go on that is in it already, and opens to the millisecond', () => {
    const radius = { hosts: 1, percent: null, per: HOUR };
    expect(draft(radius, [ran('nas', 10), ran('web1', 5)]).verdict).toBe('approved');
    expect(draft(radius, [{ host: 'web1', at: NOW - HOUR + 1 }]).reason).toBe('blast_radius');
    expect(draft(radius, [{ host: 'web1', at: NOW - HOUR }]).verdict).toBe('approved');
  });

  it('counts a start in the future: a clock that jumped back opens nothing', () => {
    expect(draft({ hosts: 1, percent: null, per: HOUR }, [ran('web1', -90)]).next_attempt_at).toBe(NOW + 150 * MINUTE);
  });

  it('allows exactly the stricter of the two bounds, however many hosts there are', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 20 })),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        fc.nat(30),
        (most, percent, fleet, others) => {
          const allowed = Math.min(most ?? Infinity, Math.max(1, Math.floor((fleet * percent) / 100)));
          const hosts = Array.from({ length: others }, (_, at) => ran(`web${at}`, at));
          const { verdict } = draft({ hosts: most, percent, per: HOUR }, hosts, fleet);
          expect(verdict).toBe(others < allowed ? 'approved' : 'deferred');
        },
      ),
    );
  });
});
