import { readFileSync } from 'node:fs';

/**
 * Prints `PASSED FAILED` for a result that vitest's JSON reporter wrote. A file that could not be loaded is a failure, so
 * is a run that exited with an error though no test failed (an unhandled rejection), or one without any test.
 *
 * Usage: node scripts/count-tests.ts RESULT.json EXIT_STATUS
 */
interface Result {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const [file, status] = process.argv.slice(2);
const result = JSON.parse(readFileSync(file ?? '', 'utf8')) as Result;
const broken = result.testResults.filter(
  (each) => each.status === 'failed' && each.assertionResults.every((test) => test.status !== 'failed'),
).length;
const failed = result.numFailedTests + broken;
const unexplained = failed === 0 && (status !== '0' || result.numPassedTests === 0);
console.log(`${result.numPassedTests} ${unexplained ? 1 : failed}`);
