import { type Fact, FactFailure, rounded } from '../fact.ts';
import { fileSystemOf } from './file-system.ts';

/**
 * Percent of the file system's inodes that are used, as `df -i` has it. A file system without a fixed number of inodes
 * (btrfs) cannot run out of them: 0. Source: statfs(2).
 */
export const inodeUsage: Fact = async (context) => {
  const { path, files, ffree } = await fileSystemOf(context);
  if (files === 0n) return { value: 0, message: `${path} has no limit of inodes` };
  if (files < 0n || ffree < 0n || ffree > files) throw new FactFailure(`${path}: its inodes cannot be counted`);
  const value = (Number(files - ffree) / Number(files)) * 100;
  return { value, message: `${rounded(value)}% of the inodes of ${path} are used` };
};
