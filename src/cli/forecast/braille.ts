/** Dots of a cell, by column and row from the top: https://www.unicode.org/charts/PDF/U2800.pdf */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BLANK = 0x2800;

/** A drawing in braille cells, two dots wide and four high each: one column on every terminal. */
export interface Canvas {
  /** In dots. */
  readonly width: number;
  readonly height: number;
  /** `y` counts from the bottom; what lies outside is left out. */
  dot(x: number, y: number): void;
  /** From the top. */
  lines(): readonly string[];
}

export function createCanvas(columns: number, rows: number): Canvas {
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  const [width, height] = [columns * 2, rows * 4];
  return {
    width,
    height,
    dot(x, y) {
      const [column, row] = [Math.round(x), height - 1 - Math.round(y)];
      if (!(column >= 0 && column < width && row >= 0 && row < height)) return;
      const line = cells[row >> 2]!;
      line[column >> 1] = line[column >> 1]! | DOTS[(column & 1) as 0 | 1][(row & 3) as 0 | 1 | 2 | 3];
    },
    lines: () => cells.map((line) => String.fromCodePoint(...Array.from(line, (dots) => BLANK + dots))),
  };
}
