import type { Issue, IssuePath } from '../mapping/issue.ts';

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path that `~` stands for. */
  readonly home: string;
}

/**
 * A document with `~` (alone or before `/`, at the start), `${NAME}` and `${NAME:-DEFAULT}` expanded in every string, once:
 * what a variable holds is not expanded again, nor is a default. `$${` is a plain `${`. Keys stay as they are.
 */
export function expand(document: unknown, around: Surroundings): { value: unknown; issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const walk = (value: unknown, path: IssuePath): unknown => {
    if (typeof value === 'string') return expandText(value, path, around, issues);
    if (Array.isArray(value)) return value.map((item, at) => walk(item, [...path, at]));
    if (typeof value !== 'object' || value === null) return value;
    const map: Record<string, unknown> = Object.create(null);
    for (const [key, item] of Object.entries(value)) map[key] = walk(item, [...path, key]);
    return map;
  };
  return { value: walk(document, []), issues };
}

function expandText(text: string, path: IssuePath, { env, home }: Surroundings, issues: Issue[]): string {
  const atHome = text === '~' || text.startsWith('~/');
  const rest = atHome ? text.slice(1) : text;
  const expanded = rest.replace(/\$\$\{|\$\{([^}]*)\}?/g, (written, inside: string | undefined) => {
    if (inside === undefined) return '${';
    const [, name, instead] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside) ?? [];
    if (!written.endsWith('}') || name === undefined) {
      const message = `found "\${" without the name of an environment variable and "}" behind it: write \${NAME}, or $\${ for a plain \${`;
      issues.push({ path, on: 'value', message });
      return '';
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    // As in a shell, an empty variable is as good as none where there is a default.
    if (instead !== undefined && (value === undefined || value === '')) return instead;
    if (value !== undefined && !value.includes('\0')) return value;
    const message = `the environment variable ${name} is not set: set it, or write the value here`;
    issues.push({ path, on: 'value', message });
    return '';
  });
  return atHome ? home + expanded : expanded;
}
