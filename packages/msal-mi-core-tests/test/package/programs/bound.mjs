// Asks for a bound token and prints how far that came.
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const bound = await new ManagedIdentityApplication()
  .acquireToken({
    resource: 'https://vault.azure.net',
    mtlsProofOfPossession: true,
    minStrength: MtlsBindingStrength.Software,
  })
  .then(
    ({ tokenType }) => ({ tokenType }),
    ({ errorCode, message, stack }) => ({ errorCode: errorCode ?? stack, message }),
  );
console.log(JSON.stringify({ bound }));
