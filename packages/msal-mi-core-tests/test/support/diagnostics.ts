import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** The next event of a channel that fits. */
export function nextEvent<T>(name: string, fits: (event: T) => boolean = () => true): Promise<T> {
  return new Promise((resolve) => {
    const listen = (event: unknown) => {
      if (!fits(event as T)) return;
      unsubscribe(name, listen);
      resolve(event as T);
    };
    subscribe(name, listen);
  });
}

/** The next report of work in the background: a token refresh or a certificate renewal. */
export function nextBackgroundWork(work: 'token-refresh' | 'certificate-renewal') {
  return nextEvent<{ work: string; status: string; errorCode?: string }>(
    'msal-mi-core:background',
    (event) => event.work === work,
  );
}
