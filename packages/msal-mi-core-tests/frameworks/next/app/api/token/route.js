// A route handler of the App Router: acquires a bound token, calls the resource with it, and tells how far each came.
import 'msal-key-attestation/register';
import 'msal-mi-core/msal-node';
import { createMtlsFetch, ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

export const dynamic = 'force-dynamic';

const application = new ManagedIdentityApplication();
const minStrength = MtlsBindingStrength.Software;

async function outcome(act) {
  try {
    return await act();
  } catch ({ errorCode, message, stack }) {
    return { errorCode: errorCode ?? stack, message };
  }
}

export async function GET() {
  const resource = process.env.EMULATOR_API_URL;
  const tokenType = async (request) => ({ tokenType: (await application.acquireToken(request)).tokenType });
  const bound = await outcome(() => tokenType({ resource, mtlsProofOfPossession: true, minStrength }));
  const call = await outcome(async () => {
    const { status } = await createMtlsFetch(application, { resource, minStrength })(resource);
    return { status };
  });
  const bearer = await outcome(() => tokenType({ resource: 'https://vault.azure.net' }));
  const attestation = await globalThis[Symbol.for('msal-mi/attestation-provider')].probe();
  return Response.json({ bound, call, bearer, attestation, lookedFor: globalThis.lookedFor });
}
