import type { IncomingHttpHeaders } from 'node:http';

/** True for an address that only programs on this machine reach. */
export function isLoopback(host: string): boolean {
  const bare = withoutBrackets(host).toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}

export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

export interface OriginCheck {
  /** False where the name asked for is none of ours: a web page that points its own name at this machine. */
  knowsHost(headers: IncomingHttpHeaders): boolean;
  /** True where a browser sends it for a page that is not ours. Programs send none of these headers. */
  isForeignPage(headers: IncomingHttpHeaders): boolean;
}

export function createOriginCheck(host: string, externalUrl: string | null): OriginCheck {
  const external = externalUrl === null ? null : parse(externalUrl);
  const hosts = new Set(['localhost', '127.0.0.1', '::1', withoutBrackets(host).toLowerCase()]);
  if (external !== null) hosts.add(withoutBrackets(external.hostname));

  return {
    knowsHost({ host: asked }) {
      if (asked === undefined || asked === '') return true;
      const url = parse(`http://${asked}`);
      return url !== null && hosts.has(withoutBrackets(url.hostname));
    },
    isForeignPage(headers) {
      const { origin } = headers;
      if (external !== null && origin === external.origin) return false;
      const site = headers['sec-fetch-site'];
      if (site !== undefined) return site !== 'same-origin' && site !== 'none';
      if (origin === undefined) return false;
      const page = parse(origin);
      return page === null || page.host !== parse(`${page.protocol}//${headers.host}`)?.host;
    },
  };
}

function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}
