import type { BuiltInFact } from '../../mapping/fact-names.ts';
import type { Fact } from '../fact.ts';
import { activeBackups } from './active-backups.ts';
import { criticalServicesRestarting } from './critical-services-restarting.ts';
import { diskUsage } from './disk-usage.ts';
import { inodeUsage } from './inode-usage.ts';
import { loadPerCpu } from './load-per-cpu.ts';
import { memoryUsage } from './memory-usage.ts';
import { serviceIsRunning } from './service-is-running.ts';
import { swapUsage } from './swap-usage.ts';
import { systemHealthScore } from './system-health-score.ts';

/** The facts that need no configuration, by the names that checks use. */
export const BUILT_IN: Readonly<Record<BuiltInFact, Fact>> = {
  disk_usage: diskUsage,
  inode_usage: inodeUsage,
  memory_usage: memoryUsage,
  swap_usage: swapUsage,
  load_per_cpu: loadPerCpu,
  system_health_score: systemHealthScore,
  service_is_running: serviceIsRunning,
  active_backups: activeBackups,
  critical_services_restarting: criticalServicesRestarting,
};
