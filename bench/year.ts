/**
 * A year of many disks, with Forestall and without: `node bench/year.ts [--seed 1] [--disks 20] [--every 6] [--lookback 14]
 * [--answer HOURS] [--class NAME]… [--json]`. Disks are per class; what comes to a disk is the same in both worlds.
 * Forecaster, decisions, judgement of outcomes and mapping are the shipped ones. Some seconds a disk.
 */
import { parseArgs } from 'node:util';
import { CLASSES } from './year/plans.ts';
import { between, count, summarize } from './year/summary.ts';
import { type DiskYear, simulateYear } from './year/year.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    disks: { type: 'string', default: '20' },
    every: { type: 'string', default: '6' },
    lookback: { type: 'string', default: '14' },
    answer: { type: 'string' },
    class: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  },
});
const options = {
  seed: values.seed,
  every: Number(values.every),
  lookback: Number(values.lookback),
  answer: values.answer === undefined ? null : Number(values.answer),
};
const classes = values.class ?? Object.keys(CLASSES);
const disks = Number(values.disks);
const unknown = classes.filter((name) => !Object.hasOwn(CLASSES, name));
const wholes = [disks, options.every, options.lookback, options.answer ?? 1];
if (unknown.length > 0 || wholes.some((number) => !(Number.isInteger(number) && number > 0))) {
  console.error(`the numbers are whole and above 0, the classes ${Object.keys(CLASSES).join(', ')}`);
  process.exit(2);
}

const years: DiskYear[] = [];
for (const name of classes) {
  for (let number = 0; number < disks; number += 1) years.push(simulateYear(name, number, options));
  console.error(`year: ${name}`);
}

const percent = (share: number): string => (Number.isFinite(share) ? `${Math.round(share * 100)}` : '–');
const days = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : '–');

function row(name: string, part: readonly DiskYear[]): string {
  const s = summarize(part);
  // People prevent what no cleanup can.
  const ofPossible = options.answer === null ? percent(s.preventedOfPossible) : '–';
  const shares = [percent(s.prevented), ofPossible];
  const cells = [name, s.disks, s.without, s.with, s.least, ...shares, s.runs, s.wasted];
  const gained = `${days(s.gained.mean)} / ${days(s.gained.median)}`;
  const moved = `${days(s.moved.mean)} / ${days(s.moved.median)}`;
  return `| ${[...cells, gained, s.gone, moved, s.escalations, s.repeated].join(' | ')} |`;
}

const groups: readonly (readonly [string, readonly DiskYear[]])[] = [
  ...classes.map((name) => [name, years.filter(({ className }) => className === name)] as const),
  ['little to delete: below 20 %', years.filter(({ freeable }) => freeable < 0.2)],
  ['20 to 60 %', years.filter(({ freeable }) => freeable >= 0.2 && freeable < 0.6)],
  ['60 % and more', years.filter(({ freeable }) => freeable >= 0.6)],
  ['**all**', years],
];
if (values.json) {
  const told = groups.map(([name, part]) => ({
    name,
    ...summarize(part),
    causes: count(part.flatMap((y) => y.causes)),
  }));
  console.log(
    JSON.stringify(
      {
        options,
        prevented: between(years, 'prevented'),
        of_possible: between(years, 'preventedOfPossible'),
        groups: told,
      },
      null,
      2,
    ),
  );
} else {
  const head =
    '|  | disks | incidents without | with | cleaned daily | prevented % | of possible % | runs | wasted | days gained, mean / median | no crossing any more | moved by, mean / median | escalations | runs after three in vain |';
  console.log([head, head.replaceAll(/[^|]+/g, ' --- ')].join('\n'));
  for (const [name, part] of groups) console.log(row(name, part));
  const asked = [
    ['all incidents', 'prevented'],
    ['those that a cleanup can prevent', 'preventedOfPossible'],
  ] as const;
  for (const [name, of] of options.answer === null ? asked : asked.slice(0, 1)) {
    const [low, high] = between(years, of);
    const share = percent(summarize(years)[of]);
    console.log(
      `\nprevented of ${name}: ${share} %, 95 of 100 draws of disks between ${percent(low)} and ${percent(high)} %`,
    );
  }
  console.log('\nwhy the others were not:');
  for (const [cause, number] of count(years.flatMap(({ causes }) => causes))) console.log(`${number}  ${cause}`);
}
