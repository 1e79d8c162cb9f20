import { openForWriting } from '../../../src/ledger/sqlite/file.ts';

/** Opens the ledger of its argument, which brings its schema up to date, and closes it. */
openForWriting(process.argv[2]!, false).db.close();
