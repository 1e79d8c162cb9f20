import { beforeAll, describe, expect, test } from 'vitest';
import { visit } from '../support/browser.ts';
import { listen } from '../support/http.ts';
import { alertBody, DISK, ended, type Home, makeHome, type Service, startService, TOKEN } from '../support/service.ts';

const SCRIPT = `"'><script>window.pwned=1</script><img src=x onerror="window.pwned=2"></svg>`;

let home: Home;
let service: Service;
beforeAll(async () => {
  home = makeHome({
    mapping: (mapping: any) => ({ ...mapping, mappings: [{ ...mapping.mappings[0], resource_filter: '*' }] }),
    env: { RESULT: JSON.stringify({ summary: SCRIPT, changes: 1, affects: [SCRIPT] }) },
  });
  home.writePredictions([
    { ...DISK, resource: `/data${SCRIPT}`, host: `nas${SCRIPT}` },
    { ...DISK, resource: '/plain' },
  ]);
  service = await startService(home);
});

/** A page of another site (`localhost`) or another port of the same one, with this body. */
async function foreign(body: string, host = 'localhost'): Promise<string> {
  const { port } = await listen((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>evil</title>${body}`);
  });
  return `http://${host}:${port}/`;
}

const pauses = async () => (await service.json('/api/v1/status')).pauses;

describe.each(['localhost', '127.0.0.1'])('a page on %s, in a browser that knows the password', (host) => {
  test.each(['/pause', '/resume', '/try', '/executions/x/approve', '/executions/x/reject'])(
    'cannot post a form to %s',
    async (path) => {
      const { page } = await visit(service.url);
      await page.goto('/');
      const fields =
        '<input name="name" value="evil"><input name="mode" value="live"><input name="type" value="disk_exhaustion"><input name="resource" value="/plain"><input name="days" value="8"><input name="confidence" value="0.9">';
      const evil = await foreign(
        `<form method="post" action="${service.url}${path}">${fields}<button>go</button></form>`,
        host,
      );
      await page.goto(evil);
      const answer = page.waitForResponse((response) => response.url() === service.url + path);
      await page.getByRole('button').click();
      expect((await answer).status()).toBe(403);
      expect(await pauses()).toEqual([]);
      expect(home.records()).toEqual([]);
    },
  );

  test('cannot frame the page', async () => {
    const { page } = await visit(service.url);
    await page.goto('/');
    await page.goto(await foreign(`<iframe src="${service.url}/"></iframe>`, host));
    await page.waitForLoadState('networkidle');
    const frame = page.frames().find((one) => one !== page.mainFrame())!;
    expect(frame.url()).toBe('chrome-error://chromewebdata/');
  });

  test('cannot listen to events', async () => {
    const { page } = await visit(service.url);
    await page.goto('/');
    await page.goto(await foreign('', host));
    const state = await page.evaluate(`new Promise((resolve) => {
      const source = new EventSource('${service.url}/api/v1/events', { withCredentials: true });
      source.onopen = () => resolve('open');
      source.onerror = () => resolve('refused');
    })`);
    expect(state).toBe('refused');
  });
});

test('a form that does not say where it comes from is refused, and so is JSON', async () => {
  const post = (path: string, headers: Record<string, string>, body: string) =>
    fetch(service.url + path, { method: 'POST', body, headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await post('/pause', form, 'name=x')).status).toBe(403);
  expect((await post('/pause', { 'content-type': 'application/json', origin: service.url }, '{}')).status).toBe(415);
  expect((await post('/pause', { ...form, origin: service.url }, 'name=x&name=y')).status).toBe(400);
  expect((await post('/pause', { ...form, origin: service.url }, 'name=x&for=never')).status).toBe(400);
  expect(await pauses()).toEqual([]);
});

test('script in a resource, a host, an annotation and in what a playbook says has no effect', async () => {
  const { page, trouble } = await visit(service.url);
  const alert = alertBody(
    { resource: '/plain', alertname: SCRIPT },
    { annotations: { summary: SCRIPT, days_until_critical: SCRIPT } },
  );
  const { decisions } = (await (await service.post('/webhook', alert)).json()) as any;
  const id = decisions[0].execution_id;
  await ended(service, id);
  await service.post('/api/v1/predictions', { ...DISK, resource: `/data${SCRIPT}`, confidence: 0.1 });
  await service.post('/api/v1/pause', { name: `p${SCRIPT.slice(0, 40)}`, reason: SCRIPT });
  const refused = (await service.json('/api/v1/decisions')).items[0].id;
  const query = new URLSearchParams({ type: SCRIPT, resource: SCRIPT, days: '8', confidence: '0.9' });
  const paths = [
    '/',
    `/executions/${id}`,
    `/decisions/${refused}`,
    `/try?${query}`,
    `/try/live?${query}`,
    '/executions',
  ];
  for (const path of paths) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(200);
    expect(await page.evaluate('window.pwned'), path).toBeUndefined();
    expect(await page.locator('main script, main img, main [onerror]').count(), path).toBe(0);
  }
  await page.goto('/');
  await page.getByText('connected').waitFor();
  await page
    .getByRole('link', { name: `/data${SCRIPT}` })
    .first()
    .waitFor();
  await service.post('/api/v1/pause', { name: 'again', reason: SCRIPT });
  await page.getByText(`again: ${SCRIPT}`).waitFor();
  expect(await page.evaluate('window.pwned')).toBeUndefined();
  await page.goto(`/executions/${id}`);
  expect(await page.getByText('<script>window.pwned=1</script>').count()).toBeGreaterThan(0);
  await service.post('/api/v1/resume', { all: true });
  expect(trouble).toEqual([]);
});

test('a browser without the token is asked for it, on every page', async () => {
  for (const path of ['/', '/try', '/executions', '/assets/live.js', '/api/v1/events', '/predictions']) {
    const answer = await fetch(service.url + path);
    expect([path, answer.status]).toEqual([path, 401]);
    expect(answer.headers.get('www-authenticate')).toMatch(/Basic realm="forestall".*Bearer/);
  }
});

test('pages are strict about what they load and who shows them', async () => {
  const answer = await service.get('/');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toBe(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(answer.headers.get('x-frame-options')).toBe('DENY');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.text()).not.toMatch(/ style=["']|<style|<script(?! src=)|\son\w+=["']/);
});
