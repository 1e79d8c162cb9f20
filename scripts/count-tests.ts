import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Prints `PASSED FAILED` for a result that vitest's JSON reporter wrote, then a line for each failure: file, test and the
 * first line of what went wrong. A file that could not be loaded, or whose worker died, is a failure, so is a run that
 * exited with an error though no test failed (an unhandled rejection), or one without any test. A test that waited in vain
 * and passed when it was asked again is named on standard error.
 *
 * Usage: node scripts/count-tests.ts RESULT.json EXIT_STATUS
 */
interface Result {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

const [file, status] = process.argv.slice(2);
const result = JSON.parse(readFileSync(file ?? '', 'utf8')) as Result;
const firstLine = (text: string | undefined): string => text?.split('\n', 1)[0]?.slice(0, 300) ?? '';

const failures: string[] = [];
for (const each of result.testResults) {
  const where = relative(process.cwd(), each.name);
  for (const test of each.assertionResults.filter((test) => test.status === 'passed')) {
    const [first] = test.failureMessages ?? [];
    if (first !== undefined) console.error(`PASSED WHEN ASKED AGAIN: ${where}: ${test.fullName}: ${firstLine(first)}`);
  }
  const failed = each.assertionResults.filter((test) => test.status === 'failed');
  for (const test of failed) failures.push(`${where}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
  if (each.status === 'failed' && failed.length === 0) {
    failures.push(`${where}: ${firstLine(each.message) || 'its process died: see "Unhandled Errors" above'}`);
  }
}
if (failures.length === 0 && (status !== '0' || result.numPassedTests === 0)) {
  failures.push(`the test run exited with ${status} and ${result.numPassedTests} tests passed: see its errors above`);
}
console.log(`${result.numPassedTests} ${failures.length}`);
for (const failure of failures) console.log(failure);
