/** Something that makes the configuration unusable, at its place. */
export interface Problem {
  readonly file: string;
  /** From 1; null where the file could not be read. */
  readonly line: number | null;
  readonly column: number | null;
  /** The key, as in `mappings[0].action.playbook`; empty where it is about the file as a whole. */
  readonly path: string;
  /** What was found, what is expected and what to do. Never holds a secret. */
  readonly message: string;
}

/** One line a problem, as compilers write them: `FILE:LINE:COLUMN: PATH: MESSAGE`. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ file, line, column, path, message }) => {
      const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
      return path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
    })
    .join('\n');
}
