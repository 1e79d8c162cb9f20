/** What of the service's own environment a started program may see. Tokens and passwords kept there stay there. */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
] as const;

/** The environment of a started program: the allowed names, then `env`, then our own, which nothing overrides. */
export function childEnvironment(
  own: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  service: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = service[name];
    if (value !== undefined) result[name] = value;
  }
  return { ...result, ...env, ...own };
}
