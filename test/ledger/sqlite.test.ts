import { ledgerContract } from './contract.ts';
import { sqliteStore } from './sqlite-store.ts';

ledgerContract('SQLite', () => sqliteStore());
