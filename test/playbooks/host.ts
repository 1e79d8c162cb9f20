import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createPrograms, type Programs } from './programs.ts';

export type Host = {
  folder: string;
  programs: Programs;
  /** What `systemctl show` says of a unit; instants are epoch seconds. */
  unit(name: string, properties?: Record<string, string | number>): void;
  property(name: string, key: string): string | undefined;
  /** A file of the host, written at this epoch second. */
  file(path: string, at: number, text?: string): string;
  /** What changes something: calls of systemctl other than `show`. */
  changing(): string[];
  remove(): void;
};

/**
 * A host whose systemctl is a program with a file of properties for each unit: `restart` and `reload` set the times that
 * systemd would, `daemon-reload` clears NeedDaemonReload. A file `fails-VERB` makes the verb fail; after a restart with a
 * file `dies` the unit is failed.
 */
export function createHost(): Host {
  const folder = mkdtempSync(join(tmpdir(), 'host-'));
  const programs = createPrograms();
  const units = join(folder, 'units');
  mkdirSync(units);
  programs.add(
    'systemctl',
    `units=${units}
while [[ $1 == --user || $1 == --no-ask-password ]]; do shift; done
verb=$1; name=\${@: -1}; file=$units/$name
if [[ -e ${folder}/fails-$verb ]]; then echo "$verb failed" >&2; exit 1; fi
set_property() { sed -i "s|^$1=.*|$1=$2|" "$file"; }
case $verb in
  show) if [[ -e $file ]]; then cat "$file"; else printf 'Id=%s\\nLoadState=not-found\\nActiveState=inactive\\n' "$name"; fi ;;
  restart)
    set_property ExecMainStartTimestamp "@$(date +%s)"; set_property StateChangeTimestamp "@$(date +%s)"
    if [[ -e ${folder}/dies ]]; then set_property ActiveState failed; fi ;;
  reload) set_property StateChangeTimestamp "@$(date +%s)" ;;
  daemon-reload) sed -i 's/^NeedDaemonReload=.*/NeedDaemonReload=no/' "$units"/*
    if [[ -e ${folder}/broken ]]; then sed -i 's/^LoadState=.*/LoadState=bad-setting/' "$units"/*; fi ;;
  *) exit 64 ;;
esac`,
  );
  return {
    folder,
    programs,
    unit(name, properties = {}) {
      const since = `@${Math.floor(Date.now() / 1000) - 3_600}`;
      const all = {
        Id: name,
        LoadState: 'loaded',
        ActiveState: 'active',
        NeedDaemonReload: 'no',
        MainPID: '4242',
        CanReload: 'no',
        FragmentPath: '',
        SourcePath: '',
        DropInPaths: '',
        ExecMainStartTimestamp: since,
        ActiveEnterTimestamp: since,
        StateChangeTimestamp: since,
        ...properties,
      };
      const lines = Object.entries(all).map(([key, value]) => `${key}=${value}\n`);
      writeFileSync(join(units, name), lines.join(''));
    },
    property: (name, key) =>
      readFileSync(join(units, name), 'utf8')
        .split('\n')
        .find((line) => line.startsWith(`${key}=`))
        ?.slice(key.length + 1),
    file(path, at, text = 'x') {
      const full = join(folder, path);
      if (!existsSync(dirname(full))) mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, text);
      utimesSync(full, at, at);
      return full;
    },
    changing: () =>
      programs
        .calls()
        .map((call) => call.replace(' --no-ask-password', ''))
        .filter((call) => /^systemctl (--user )?(?!show)/.test(call) && !call.includes(' show ')),
    remove() {
      programs.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
