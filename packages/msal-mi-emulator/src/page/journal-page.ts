import type { ServerResponse } from 'node:http';
import type { Journal } from '../journal.js';

export interface JournalPage {
  serve(path: string, method: string, response: ServerResponse): boolean;
  close(): void;
}
export function createJournalPage(journal: Journal): JournalPage {
  return {
    serve(path, _method, response) {
      if (path !== '/health') return false;
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.end(JSON.stringify({ status: 'ok', entries: journal.snapshot().length }));
      return true;
    },
    close() {},
  };
}
