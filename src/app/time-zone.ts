/** IANA name of the zone of this machine. Asked only where local hours matter: it takes 8 MB of time zone data to know. */
export function localTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
