import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { TOKEN } from './service.ts';

export const CHROMIUM = '/usr/bin/chromium';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let started: Promise<Browser> | null = null;

/** One browser for a test file. */
function browser(): Promise<Browser> {
  started ??= chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, headless: true });
  return started;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console and of scripts, and requests that left the service, as they came. */
  readonly trouble: readonly string[];
}

/**
 * A browser of its own (no cookies, no cache) with the token as password, on the service at `url`. `expected`: console
 * errors that are meant to come, such as an answer of 409.
 */
export async function visit(
  url: string,
  { expected, ...options }: BrowserContextOptions & { readonly expected?: RegExp } = {},
): Promise<Visit> {
  const context = await (await browser()).newContext({
    baseURL: url,
    httpCredentials: { username: 'anna', password: TOKEN },
    ...options,
  });
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && expected?.test(message.text()) !== true) trouble.push(message.text());
  });
  page.on('pageerror', (error) => trouble.push(String(error)));
  context.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith('data:')) trouble.push(`request to ${asked}`);
  });
  return { page, context, trouble };
}

afterAll(async () => {
  if (started !== null) await (await started).close();
});
