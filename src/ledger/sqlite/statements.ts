import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Prepares a statement once per connection. The texts are the constants of this folder, so their number is bounded. */
export type Sql = (text: string) => StatementSync;

export function statementsOf(db: DatabaseSync): Sql {
  const known = new Map<string, StatementSync>();
  return (text) => {
    let statement = known.get(text);
    if (statement === undefined) {
      statement = db.prepare(text);
      known.set(text, statement);
    }
    return statement;
  };
}
