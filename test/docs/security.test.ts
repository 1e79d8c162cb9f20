import { expect, test } from 'vitest';
import { sourcesBelow } from '../support/source-text.ts';

/** Files, and the one folder, that ask others or name what could, and what for. */
const ASKS: Readonly<Record<string, string>> = {
  'src/prometheus/': 'the configured Prometheus and Alertmanager',
  'src/ledger/postgres/connection.ts': 'the configured PostgreSQL',
  'src/report/discord.ts': 'the configured Discord webhook',
  'src/cli/init/survey.ts': 'programs of this machine, when `forestall init` is typed',
  'src/cli/demo.ts': 'the programs that the demo started',
  'src/cli/demo/programs.ts': 'the same',
  'src/cli/demo/service.ts': 'the same',
  'src/config/listen.ts': 'nobody: whether a text is an address',
  'src/playbook/output-pipe.ts': 'nobody: a pipe from a playbook',
};
const CONNECTS = /(?<![.\w])fetch\b(?!\??:)|\bnew\s+(?:WebSocket|EventSource)\b/;
const MODULES = ['node:https', 'node:net', 'node:tls', 'node:dgram', 'node:dns', 'node:http2', 'undici'];

test('nothing is asked over the network but what docs/security.md says', () => {
  const asking = sourcesBelow('src').filter(
    ({ bare, imports }) =>
      CONNECTS.test(bare) ||
      imports.some(({ specifier, typeOnly }) => !typeOnly && MODULES.includes(specifier)) ||
      imports.some(
        ({ specifier, names, typeOnly }) =>
          specifier === 'node:http' &&
          !typeOnly &&
          (names === null || names.some((name) => /^(?:request|get)$/.test(name))),
      ),
  );
  const found = asking.map(({ path }) => path.replace(/^(src\/prometheus\/).*/, '$1'));
  expect([...new Set(found)].sort()).toEqual(Object.keys(ASKS).sort());
});
