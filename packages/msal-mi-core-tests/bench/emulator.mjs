/** The emulator as a process of its own, so that what it costs is not counted. Tells its addresses, then what it was asked. */
import { startEmulator } from 'msal-mi-emulator';

const emulator = await startEmulator();

process.on('message', () => {
  const counts = { metadata: 0, issuecredential: 0, token: 0 };
  for (const { url } of emulator.journal) {
    if (url.includes('/getplatformmetadata')) counts.metadata += 1;
    else if (url.includes('/issuecredential')) counts.issuecredential += 1;
    else if (url.includes('/oauth2/v2.0/token')) counts.token += 1;
  }
  emulator.reset();
  process.send(counts);
});
process.once('disconnect', () => void emulator.close());
process.send({ env: emulator.env, tokenUrl: emulator.tokenUrl });
