import { type Fact, FactFailure, rounded } from '../fact.ts';
import { fileSystemOf } from './file-system.ts';

/**
 * Percent of the file system that is used, as df(1) has it, not rounded up: used / (used + available to unprivileged
 * users). Source: statfs(2).
 */
export const diskUsage: Fact = async (context) => {
  const { path, blocks, bfree, bavail } = await fileSystemOf(context);
  const used = blocks - bfree;
  if (blocks <= 0n || used < 0n || used + bavail <= 0n) throw new FactFailure(`${path}: its file system has no size`);
  const value = (Number(used) / Number(used + bavail)) * 100;
  return { value, message: `${path} is ${rounded(value)}% full` };
};
