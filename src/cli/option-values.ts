import { InvalidArgumentError } from 'commander';

/** An option that may be given more than once. */
export function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** A whole number from 1. */
export function upTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > most) {
      throw new InvalidArgumentError(`a whole number from 1 to ${most}.`);
    }
    return value;
  };
}
