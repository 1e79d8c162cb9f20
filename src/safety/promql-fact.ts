import { type Fact, FactFailure, type QueryScalar, shown } from './fact.ts';

/** A fact asked of Prometheus; `queryScalar` is null where `prometheus.url` is not configured. */
export function promqlFact(expression: string, timeout: number, queryScalar: QueryScalar | null): Fact {
  return async () => {
    if (queryScalar === null) throw new FactFailure('asks Prometheus, and prometheus.url is not configured');
    let value: number;
    try {
      value = await queryScalar(expression, { timeout });
    } catch (error) {
      throw new FactFailure(shown(error instanceof Error ? error.message : String(error)), { cause: error });
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new FactFailure(`\`${shown(expression)}\` is ${String(value)}, not a finite number`);
    }
    return { value, message: `\`${shown(expression)}\` is ${value}` };
  };
}
