/** How this service can be reached. */
export interface SelfAddress {
  /** Names and addresses of this machine, in lower case. */
  readonly hosts: readonly string[];
  /** Null: a free one is picked at every start. */
  readonly port: number | null;
  /** Without a slash at the end. */
  readonly external_url: string;
}

/** `perhaps`: the port is ours, under a name that says nothing here. */
export type Whose = 'ours' | 'perhaps' | 'elsewhere';

/** Whether a URL leads to this service, whatever its path. */
export function whose(url: string, { hosts, port, external_url }: SelfAddress): Whose {
  if (!URL.canParse(url)) return 'elsewhere';
  const { hostname, protocol } = new URL(url);
  const external = new URL(external_url);
  if (hostname === external.hostname && portOf(url) === portOf(external_url) && protocol === external.protocol) {
    return 'ours';
  }
  if (port === null || portOf(url) !== port || protocol !== 'http:') return 'elsewhere';
  return isThisMachine(hostname, hosts) ? 'ours' : 'perhaps';
}

/** Whether two URLs name the same server, by address and port. */
export function sameServer(one: string, other: string, hosts: readonly string[]): Whose {
  if (!URL.canParse(one) || !URL.canParse(other) || portOf(one) !== portOf(other)) return 'elsewhere';
  const [a, b] = [new URL(one).hostname, new URL(other).hostname];
  return a === b || (isThisMachine(a, hosts) && isThisMachine(b, hosts)) ? 'ours' : 'perhaps';
}

/** Where alerts have to be posted. */
export function webhookUrl({ external_url }: SelfAddress): string {
  return `${external_url.replace(/^(https?:\/\/)(?:0\.0\.0\.0|\[::\])/, '$1127.0.0.1')}/webhook`;
}

/** `host:port` for a scrape target: as others reach the service, without a proxy between. */
export function targetOf(address: SelfAddress): string {
  const external = webhookUrl(address);
  const port = address.port ?? portOf(external);
  return `${portOf(external) === port ? new URL(external).hostname : '127.0.0.1'}:${port}`;
}

/** A URL as it may be shown. */
export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/\s]*@/g, '//');
}

function isThisMachine(hostname: string, hosts: readonly string[]): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    name === 'localhost' || name === '0.0.0.0' || name === '::1' || name.startsWith('127.') || hosts.includes(name)
  );
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
