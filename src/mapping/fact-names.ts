/** Facts that safety checks can ask without any configuration. */
export const BUILT_IN_FACTS = [
  'disk_usage',
  'inode_usage',
  'memory_usage',
  'swap_usage',
  'load_per_cpu',
  'system_health_score',
  'service_is_running',
  'active_backups',
  'critical_services_restarting',
] as const;

export type BuiltInFact = (typeof BUILT_IN_FACTS)[number];
