import { quoted } from '../text.ts';

/** The hosts of an inventory by name. */
export interface Inventory {
  readonly size: number;
  /** Why a host of this name is not one host of the inventory, in one sentence; null when it is. */
  problemOf(host: string | null): string | null;
}

/** `  |--@group:` or `  |  |--host`, deeper with each group. */
const LINE = /^(?: {2}\|)+--(@?)(.*)$/;

/** Reads what `ansible-inventory --graph` prints: every group with its hosts, and no variables. `path` is for messages. */
export function readInventory(graph: string, path: string): Inventory {
  const hosts = new Set<string>();
  const groups = new Set<string>();
  for (const line of graph.split('\n')) {
    const [, group, name] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    if (group === '@') groups.add(name.replace(/:$/, ''));
    else hosts.add(name);
  }
  return {
    size: hosts.size,
    problemOf(host) {
      if (host === null) return 'the prediction has no host, and a play needs one';
      if (groups.has(host)) return `${quoted(host)} is a group of the inventory ${path}, not one host`;
      if (hosts.has(host)) return null;
      return `host ${quoted(host)} is not in the inventory ${path}`;
    },
  };
}
