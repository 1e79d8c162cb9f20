import { isIP } from 'node:net';

interface Listen {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** `HOST:PORT`, IPv6 in brackets; null for anything else. */
export function parseListen(text: string): Listen | null {
  const parts = /^(?:\[([^\]]+)\]|([^:\s[\]/]+)):(\d{1,5})$/.exec(text);
  if (parts === null) return null;
  const [, six, plain, digits] = parts;
  const port = Number(digits);
  if (port > 65_535) return null;
  if (six !== undefined) return isIP(six) === 6 ? { host: six, port } : null;
  const host = plain!;
  if (/^[\d.]+$/.test(host)) return isIP(host) === 4 ? { host, port } : null;
  return /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) ? { host, port } : null;
}

/** Whether only this machine can reach it. Names other than `localhost` may resolve to anything. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  if (isIP(host) === 4) return host.startsWith('127.');
  const address = `http://[${host}]`;
  return URL.canParse(address) && new URL(address).hostname === '[::1]';
}
