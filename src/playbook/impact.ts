import type { PhaseOutcome } from '../execution/execution.ts';
import { oneLine } from './text.ts';

export type Impact =
  | { readonly kind: 'go' }
  | { readonly kind: 'nothing_to_do' | 'rejected' | 'failed'; readonly message: string };

export interface ImpactLimits {
  readonly critical_services: readonly string[];
  /** Milliseconds; null: any downtime is accepted, also one that is not told. */
  readonly max_downtime: number | null;
}

/**
 * Judges what a dry run reports. The order matters: a failed dry run promises nothing, one that touches a critical
 * service or is down for too long is refused even if it also says that nothing would change. A dry run that does not say
 * how much it would change is no reason to stop; one that does not say how long it would be down is, where that is limited.
 */
export function judgeImpact(outcome: PhaseOutcome, { critical_services, max_downtime }: ImpactLimits): Impact {
  if (outcome.error !== null) return { kind: 'failed', message: `the dry run failed: ${outcome.error}` };
  const { result } = outcome;
  const critical = new Set(critical_services.map(unitName));
  const touched = (result?.affects ?? []).filter((service) => critical.has(unitName(service)));
  if (touched.length > 0) {
    const names = oneLine(touched.join(', '), 500);
    return { kind: 'rejected', message: `it would affect ${names}, which critical_services names` };
  }
  const downtime = result?.downtime_seconds ?? null;
  if (max_downtime !== null && downtime !== null && downtime * 1000 > max_downtime) {
    const message = `it would be down for ${downtime} s, max_downtime is ${max_downtime / 1000} s`;
    return { kind: 'rejected', message };
  }
  if (result?.changes === 0) {
    const summary = result.summary === null ? '' : `: ${result.summary}`;
    return { kind: 'nothing_to_do', message: `the dry run found nothing to change${summary}` };
  }
  if (max_downtime !== null && downtime === null) {
    const message = `the dry run does not say its downtime_seconds, and max_downtime is ${max_downtime / 1000} s`;
    return { kind: 'rejected', message };
  }
  return { kind: 'go' };
}

/** `traefik` and `traefik.service` are the same, as for systemctl; a name with another unit type stays as it is. */
function unitName(service: string): string {
  const name = service.trim().toLowerCase();
  return /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/.test(name)
    ? name
    : `${name}.service`;
}
