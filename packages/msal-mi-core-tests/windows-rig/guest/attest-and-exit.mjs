// Leaves in the middle of an attestation. Arguments: library, key name, how to leave.
import { createAttestationProvider } from 'msal-key-attestation';
import { openJournal, untilAttesting } from './attestation.mjs';

const [libraryPath, keyName, how] = process.argv.slice(2);
const key = { providerName: 'Microsoft Software Key Storage Provider', keyName, scope: 'user' };
const provider = createAttestationProvider({ libraryPath, logger: { loggerCallback: () => undefined, logLevel: 2 } });
const readJournal = openJournal(process.env.FAKE_ATTESTATION_JOURNAL);

const pending = provider.attest({ endpoint: 'https://maa.example.net', clientId: 'client', cacheKey: '', key });
if (how === 'finish') {
  pending.then(({ jwt }) => console.log(JSON.stringify({ jwt })));
} else {
  await untilAttesting(readJournal);
  if (how === 'exit') process.exit(7);
  setImmediate(() => {
    throw new Error('as told');
  });
}
