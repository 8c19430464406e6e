import type { FaultScript } from '../faults/fault-script.js';
import type { Journal } from '../journal.js';
import type { EmulatorServer, JournalEntry } from '../types.js';

/** What a server shares with the rest of the emulator. */
export interface ServeContext {
  server: EmulatorServer;
  leg: JournalEntry['leg'];
  faults: FaultScript;
  journal: Journal;
  now: () => number;
  /** Whether connections stay open after an answer. */
  keepAlive: boolean;
}
