import fc from 'fast-check';
import { type AlertmanagerConfig, readAlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';

/** A route as it is written in alertmanager.yml; the root has no matchers. */
export interface WrittenRoute {
  readonly receiver?: string;
  readonly matchers?: readonly string[];
  readonly match?: Readonly<Record<string, string>>;
  readonly match_re?: Readonly<Record<string, string>>;
  readonly continue?: boolean;
  readonly routes?: readonly WrittenRoute[];
}

const receiver = fc.constantFrom('r0', 'r1', 'r2', 'r3');
const label = fc.constantFrom('a', 'b');
const matcher = fc
  .tuple(label, fc.constantFrom('="x"', '!="x"', '=~"x|y"', '!~"y.*"', '=~".*"', '=~".+"', '=""'))
  .map((parts) => parts.join(''));

/** A route whose children come from `routes`. */
const routeWith = (routes: fc.Arbitrary<WrittenRoute[]>): fc.Arbitrary<WrittenRoute> =>
  fc.record(
    {
      receiver,
      matchers: fc.array(matcher, { maxLength: 2 }),
      match: fc.dictionary(label, fc.constantFrom('x', 'y'), { maxKeys: 1 }),
      match_re: fc.dictionary(label, fc.constantFrom('x', 'x|y', '.+'), { maxKeys: 1 }),
      continue: fc.boolean(),
      routes,
    },
    { requiredKeys: [] },
  );
const listOf = (one: fc.Arbitrary<WrittenRoute>) => fc.array(one, { maxLength: 3 });
const route = routeWith(listOf(routeWith(listOf(routeWith(fc.constant([]))))));

/** Any routing tree, below a root that takes everything. */
export const routeTree: fc.Arbitrary<WrittenRoute> = fc.array(route, { maxLength: 4 }).map((routes) => ({ routes }));

/** The configuration that such a tree is part of, as text that Alertmanager reads. */
export function writtenConfig(tree: WrittenRoute): object {
  const receivers = ['r0', 'r1', 'r2', 'r3'].map((name) => ({ name }));
  return { route: { receiver: 'r0', ...tree }, receivers };
}

export function configOf(tree: WrittenRoute): AlertmanagerConfig {
  return readAlertmanagerConfig(writtenConfig(tree));
}
