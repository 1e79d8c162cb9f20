import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listen } from '../support/http.ts';
import { alertBody, forestall, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

/** One canary for every place where a configuration holds a secret; each of them is good for what it is there for. */
const SECRETS = {
  token: 'canary-0-bearer-4242424242',
  webhook: 'canary-1-webhook-4242424242',
  read: 'canary-2-read-4242424242',
  operate: 'canary-3-operate-4242424242',
  discord: 'canary-4-discord-4242424242',
};

test('no secret is in a log, an answer, the ledger, a report or any other file (fault 59)', async () => {
  // Whoever is asked repeats what it was asked with: a careless error would show it.
  const echo = await listen((request, response) => {
    const { url, headers } = request;
    response.writeHead(500).end(JSON.stringify({ url, headers, error: `no ${url} for ${headers.authorization}` }));
  });
  const home = makeHome({
    config: (config) => ({
      ...config,
      web: {
        listen: '127.0.0.1:0',
        bearer_token_file: 'secrets/token',
        tokens: ['webhook', 'read', 'operate'].map((role) => ({ name: role, role, token_file: `secrets/${role}` })),
      },
      prometheus: { url: echo.url },
      alertmanager: { url: echo.url },
      discord: { webhook_url_file: 'secrets/discord' },
      facts: { up: { promql: 'up == 1' } },
      forecast: {
        resources: [
          {
            prediction_type: 'disk_exhaustion',
            source: 'prometheus',
            query: 'disk_used',
            critical: 1,
            resource_label: 'mountpoint',
          },
        ],
      },
    }),
  });
  mkdirSync(join(home.folder, 'secrets'), { mode: 0o700 });
  for (const name of ['token', 'webhook', 'read', 'operate'] as const)
    writeFileSync(join(home.folder, 'secrets', name), SECRETS[name], { mode: 0o600 });
  const discord = `${echo.url}/api/webhooks/1/${SECRETS.discord}`;
  writeFileSync(join(home.folder, 'secrets', 'discord'), discord, { mode: 0o600 });
  const service = await startService(home);
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const seen: string[] = [];

  const delivered = await service.post('/webhook', alertBody(), as(SECRETS.webhook));
  const { decisions } = (await delivered.json()) as any;
  expect(decisions).toMatchObject([{ verdict: 'approved' }]);
  await eventually(() => existsSync(join(home.folder, 'issues.json')));
  expect((await service.get('/api/v1/status', as(SECRETS.webhook))).status).toBe(403);
  expect((await service.get('/api/v1/status', as(`${SECRETS.token}x`))).status).toBe(401);
  await service.post('/api/v1/pause', { name: 'x', reason: 'y' }, as(SECRETS.operate));
  const paths = Object.keys((await service.json('/openapi.json', as(SECRETS.read))).paths);
  const id = decisions[0].execution_id;
  for (const path of [
    ...paths.map((one) => one.replace(/\{\w+\}/, id)),
    '/',
    '/executions',
    '/decisions',
    '/nowhere',
  ]) {
    if (/events|stream/.test(path)) continue;
    seen.push(await (await service.get(path, as(SECRETS.read))).text());
  }
  await eventually(() => service.log().some(({ msg }) => /discord/i.test(String(msg))));
  home.writeConfig((config) => ({ ...config, nonsense: 1 }));
  const reloaded = await service.post('/-/reload', '', as(SECRETS.operate));
  expect(reloaded.status).toBe(500);
  seen.push(await reloaded.text());
  const { stdout, stderr } = await forestall(['check', '--config', home.config, '--probe']);
  home.writeConfig(({ nonsense: _none, ...config }) => config);
  seen.push(stdout, stderr);
  for (const command of ['check', 'status', 'history', 'forecast', 'doctor']) {
    const said = await forestall([command, '--config', home.config]);
    seen.push(said.stdout, said.stderr);
  }
  await service.stop();
  seen.push(service.stderr());

  const files = readdirSync(home.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/secrets') && entry.name !== 'forestall.json')
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.some((path) => path.endsWith('forestall.db'))).toBe(true);
  seen.push(...files.map((path) => readFileSync(path, 'latin1')));
  for (const [name, secret] of Object.entries(SECRETS))
    expect([
      name,
      seen.findIndex((text) => text.includes(secret)),
      seen.find((text) => text.includes(secret))?.slice(0, 300),
    ]).toEqual([name, -1, undefined]);
});
