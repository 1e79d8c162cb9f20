// used-bytes.ts PATIENCE PATH: measures three times in a process of its own; prints values and milliseconds as JSON.
import { createUsedBytes } from '../../../src/playbook/used-bytes.ts';

const [patience, path = '/'] = process.argv.slice(2);
const usedBytes = createUsedBytes(Number(patience));
const answers: { value: number | null; took: number }[] = [];
for (const ask of [() => usedBytes.now(path), () => usedBytes.after(path, 1), () => usedBytes.now(path)]) {
  const since = performance.now();
  const value = await ask();
  answers.push({ value, took: performance.now() - since });
}
console.log(JSON.stringify(answers));
