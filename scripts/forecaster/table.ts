import type { Score } from '../../src/forecast/scoring.ts';

const percent = (share: number): string => (Number.isNaN(share) ? '–' : String(Math.round(share * 1000) / 10));
const fraction = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '–');

/** A Markdown table, a row a name; shares in per cent. */
export function scoreTable(rows: Iterable<readonly [name: string, score: Score]>): string {
  const head = [
    '',
    'cases',
    'hit',
    'miss',
    'false alarm',
    'within 3 d',
    '≥ .8: right',
    'recall',
    'Brier',
    'skill',
    'calibration',
    'of alarms',
  ];
  const lines = [...rows].map(([name, score]) => [
    name,
    String(score.cases),
    ...[score.hits, score.misses, score.falseAlarms, score.falseAlarms3, score.sureRight, score.sureRecall].map(
      percent,
    ),
    ...[score.brier, score.skill, score.calibration, score.alarmCalibration].map(fraction),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
