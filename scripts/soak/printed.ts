import { appendFileSync } from 'node:fs';

/** A reporter for vitest that keeps what tests print in the file that `FORESTALL_PRINTED` names. */
export default class Printed {
  onUserConsoleLog({ content }: { readonly content: string }): void {
    appendFileSync(process.env['FORESTALL_PRINTED']!, content);
  }
}
