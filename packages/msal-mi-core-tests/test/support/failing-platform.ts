import type { Platform, TransportError } from 'core/ports.js';
import { IsolatedPlatform } from './isolated-platform.js';

/** A platform whose first token request fails before anything is sent. */
export function failingOnce(failure: TransportError): Platform {
  const platform = new IsolatedPlatform();
  const { certificateStore, keyStore } = platform;
  let failed = false;
  return {
    certificateStore,
    keyStore,
    createTransport: (authorities) => {
      const transport = platform.createTransport(authorities);
      return {
        bind: (key, certificate) => {
          const channel = transport.bind(key, certificate);
          return {
            ...channel,
            send: (request) => {
              if (failed) return channel.send(request);
              failed = true;
              return Promise.reject(failure);
            },
          };
        },
      };
    },
  };
}
