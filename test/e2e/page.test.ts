import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { visit } from '../support/browser.ts';
import { alertBody, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

const asking = (mapping: any) => ({
  ...mapping,
  global_settings: { ...mapping.global_settings, require_confirmation: true },
});

describe('two browsers', () => {
  let home: Home;
  let service: Service;
  beforeAll(async () => {
    home = makeHome();
    service = await startService(home);
  });

  test('a pause is seen by the other one within a second, and so is its end', async () => {
    const [first, second] = [await visit(service.url), await visit(service.url)];
    await Promise.all([first.page.goto('/'), second.page.goto('/')]);
    await second.page.getByText('connected').waitFor();
    expect(await second.page.title()).toBe('Live · Forestall');

    await first.page.getByLabel('Reason').fill('moving <disks>');
    await first.page.getByLabel('How long').selectOption('2h');
    await second.page.evaluate(`new MutationObserver(() => {
      if (document.title.startsWith('Paused')) window.pausedAt ??= Date.now();
    }).observe(document, { subtree: true, childList: true, characterData: true })`);
    await first.page.getByRole('button', { name: 'Pause' }).click();
    await second.page.getByRole('heading', { name: 'Paused' }).waitFor();
    const { pauses } = await service.json('/api/v1/status');
    const seen = Number(await second.page.evaluate('window.pausedAt')) - Date.parse(pauses[0].since);
    console.log(`a pause was seen by a second browser after ${seen} ms`);
    expect(seen).toBeLessThan(3_000);
    await second.page.getByText('manual: moving <disks>').waitFor();
    expect(await second.page.title()).toBe('Paused · Forestall');
    expect(first.page.url()).toBe(`${service.url}/`);

    await second.page.getByRole('button', { name: 'Resume manual' }).click();
    await first.page.getByRole('heading', { name: 'Live' }).waitFor();
    expect([...first.trouble, ...second.trouble]).toEqual([]);
  });

  test('what is typed, chosen and focused stays when the page is updated', async () => {
    const { page, trouble } = await visit(service.url);
    await page.goto('/');
    await page.getByText('connected').waitFor();
    const reason = page.getByLabel('Reason');
    await reason.fill('half a sen');
    await page.getByLabel('How long').selectOption('8h');
    await reason.focus();
    await service.post('/api/v1/pause', { name: 'other', reason: 'x' });
    await page.getByRole('heading', { name: 'Paused' }).waitFor();
    await reason.pressSequentially('tence');
    expect(await reason.inputValue()).toBe('half a sentence');
    expect(await page.getByLabel('How long').inputValue()).toBe('8h');
    await service.post('/api/v1/resume', { all: true });
    expect(trouble).toEqual([]);
  });

  test('it says so when it has lost touch', async () => {
    const other = await startService(makeHome());
    const { page } = await visit(other.url, { expected: /ERR_|Failed to load/ });
    await page.goto('/');
    await page.getByText('connected').waitFor();
    await other.stop();
    await page.getByText(/no contact since \d\d:\d\d:\d\d UTC/).waitFor();
  });
});

test('an approval by clicking, from the webhook to the finished run', async () => {
  const home = makeHome({ mapping: asking });
  const service = await startService(home);
  const { page, trouble } = await visit(service.url);
  await page.goto('/');
  await page.getByText('connected').waitFor();
  await page.getByText('asks for confirmation now').first().waitFor();
  expect((await service.post('/webhook', alertBody())).status).toBe(200);

  await page.getByRole('link', { name: 'Approve recording?' }).click();
  await page.getByText('This waits for you.').waitFor();
  expect(home.runs()).toEqual([]);
  await page.getByRole('button', { name: 'Approve: run recording for real' }).click();
  await page.locator('header .chip', { hasText: 'succeeded' }).waitFor();
  expect(home.runs()).toHaveLength(1);
  await page.getByText('by default from 127.0.0.1').waitFor();
  await page.goto('/');
  await page.getByText('when the cooldown ends').first().waitFor();
  expect(trouble).toEqual([]);
});

test('an approval that must not be is refused with its reason, and it goes on waiting', async () => {
  const home = makeHome({ mapping: asking });
  const service = await startService(home);
  const { page } = await visit(service.url, { expected: /409/ });
  await service.post('/webhook', alertBody());
  const waiting = await eventually(
    async () => (await service.json('/api/v1/executions?state=awaiting_approval')).items[0],
  );
  await page.goto(`/executions/${waiting.id}`);
  await service.post('/api/v1/pause', { name: 'night', reason: 'hands off' });
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('kill_switch: paused: night (hands off)').waitFor();
  await page.goto(`/executions/${waiting.id}`);
  await page.getByRole('button', { name: 'Reject' }).click();
  await page.locator('header .chip', { hasText: 'denied' }).waitFor();
  expect(home.runs()).toEqual([]);
});

test('output is seen as it is written', async () => {
  const home = makeHome();
  const program = join(home.folder, 'talks');
  const go = join(home.folder, 'go');
  writeFileSync(
    program,
    `#!/bin/sh
echo "$FORESTALL_PHASE begins"
while [ "$FORESTALL_PHASE" = run ] && [ ! -e "${go}" ]; do sleep 0.02; done
echo '{"changes":1}' >"$FORESTALL_RESULT_FILE"
echo "$FORESTALL_PHASE ends"
`,
  );
  chmodSync(program, 0o755);
  home.writeConfig((config: any) => ({ ...config, playbooks: { recording: { version: '1.0', run: [program] } } }));
  const service = await startService(home);
  const { page, trouble } = await visit(service.url);
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  await page.goto(`/executions/${decisions[0].execution_id}`);
  const output = page.getByRole('region', { name: 'Output of the run' });
  await output.getByText('run begins').waitFor();
  await page.getByText('Every gate', { exact: true }).click();
  writeFileSync(go, '');
  await output.getByText('run ends').waitFor();
  await page.locator('header .chip', { hasText: 'succeeded' }).waitFor();
  expect(await page.locator('details').getAttribute('open')).not.toBeNull();
  expect(trouble).toEqual([]);
});

test('without JavaScript: everything is shown and everything can be done', async () => {
  const home = makeHome({ mapping: asking });
  const service = await startService(home);
  const { page, trouble } = await visit(service.url, { javaScriptEnabled: false });
  await page.goto('/');
  expect(await page.getByText(/^as of /).count()).toBe(1);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('heading', { name: 'Paused' }).waitFor();
  await page.getByRole('button', { name: 'Resume manual' }).click();
  await page.getByRole('heading', { name: 'Live' }).waitFor();

  await page.getByRole('link', { name: '/data' }).click();
  await page.getByRole('heading', { name: 'It would run' }).waitFor();
  await page.getByRole('button', { name: 'Run for real…' }).click();
  expect(await (await service.json('/api/v1/executions')).items).toEqual([]);
  await page.getByRole('button', { name: 'Yes, run recording for real' }).click();
  await eventually(async () => {
    await page.reload();
    return (await page.getByText('This waits for you.').count()) === 1;
  });
  await page.getByRole('button', { name: 'Approve' }).click();
  await eventually(async () => {
    await page.reload();
    return (await page.locator('header .chip', { hasText: 'succeeded' }).count()) === 1;
  });
  expect(home.runs()).toHaveLength(1);
  expect(trouble).toEqual([]);
});

test('a synthetic prediction: explained, dry-run, refused', async () => {
  const home = makeHome();
  const service = await startService(home);
  const { page, trouble } = await visit(service.url);
  await page.goto('/try');
  await page.getByLabel('Type').fill('disk_exhaustion');
  await page.getByLabel('Resource').fill('/data');
  await page.getByLabel('Days until critical').fill('8');
  await page.getByLabel('Confidence').fill('0.38');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('heading', { name: 'It would not run' }).waitFor();
  await page.getByText('low confidence: confidence 0.38 < 0.7').waitFor();
  expect(await page.locator('.gates tbody tr').count()).toBe(25);
  expect((await service.json('/api/v1/decisions')).items).toEqual([]);

  await page.getByLabel('Confidence').fill('0.9');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('button', { name: 'Dry run recording' }).click();
  await page.locator('header .chip', { hasText: 'dry run only' }).waitFor();
  expect([home.records().length, home.runs()]).toEqual([2, []]);

  await page.goto('/try/live?type=disk_exhaustion&resource=%2Fdata&host=&days=1&confidence=0.9');
  await page.getByRole('button', { name: 'Yes, run recording for real' }).click();
  await page.locator('header .chip', { hasText: 'escalated' }).waitFor();
  expect(page.url()).toContain('/decisions/');
  expect(home.runs()).toEqual([]);

  await page.goto('/try?type=disk_exhaustion&resource=%2Fdata&days=soon&confidence=95%25');
  await page.getByRole('alert').waitFor();
  expect(trouble).toEqual([]);
});
