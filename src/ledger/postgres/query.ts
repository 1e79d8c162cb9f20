import { split } from '../text.ts';

type Plain = string | number | boolean | null;

/** What a statement is given: a value a placeholder, a list of them for an array, or texts that it splits itself. */
export type Value = Plain | readonly Plain[] | { readonly texts: readonly (string | null)[] };

/**
 * One statement, with `$1`, `$2`, … for its values; its rows. Rejects with `LedgerUnavailable` where the store fails, and
 * with the error of the server where the values are at fault.
 */
export type Query = <Row extends object = Record<string, unknown>>(
  text: string,
  values?: readonly Value[],
) => Promise<readonly Row[]>;

type ColumnType = 'text' | 'bigint' | 'float8' | 'boolean';

/** Inserts rows, in their order, with one statement. `end`: what follows, such as `ON CONFLICT … DO NOTHING`. */
export async function insertRows<Column extends string>(
  query: Query,
  table: string,
  columns: Readonly<Record<Column, ColumnType>>,
  rows: readonly Readonly<Record<Column, string | number | boolean | null>>[],
  end = '',
): Promise<readonly Record<string, unknown>[]> {
  if (rows.length === 0) return [];
  const names = Object.keys(columns) as Column[];
  const inOne = (name: Column) => columns[name] === 'text' && rows.length > 1;
  const arrays = names.map((name, at) => (inOne(name) ? split(`$${at + 1}::text`) : `$${at + 1}::${columns[name]}[]`));
  return await query(
    `INSERT INTO ${table} (${names.join(', ')})
     SELECT ${names.join(', ')} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS given (${names.join(', ')}, place)
     ORDER BY place ${end}`,
    names.map((name) => {
      const values = rows.map((row) => row[name]);
      return inOne(name) ? { texts: values as (string | null)[] } : values;
    }),
  );
}
