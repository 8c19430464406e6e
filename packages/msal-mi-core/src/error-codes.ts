/**
 * Every failure code of the product: when it is raised, whether trying the same again can help, and what to do.
 * `docs/errors.md` is generated from this table.
 */
interface ErrorCodeEntry {
  readonly when: string;
  readonly remediation: string;
  readonly retryable?: true;
}

const entry = (when: string, remediation: string): ErrorCodeEntry => ({ when, remediation });
const passing = (when: string, remediation: string): ErrorCodeEntry => ({ when, remediation, retryable: true });

export const ERROR_CODES = {
  // The request and its configuration, before any I/O
  invalid_configuration: entry(
    'A configuration member has the wrong type or an impossible value.',
    'Correct the configuration member named in the message.',
  ),
  invalid_managed_identity_id_type: entry(
    'More than one user-assigned id was configured, or one that is blank or not a string.',
    'Set exactly one of userAssignedClientId, userAssignedResourceId and userAssignedObjectId, or none for the system-assigned identity.',
  ),
  invalid_managed_identity_endpoint: entry(
    'AZURE_POD_IDENTITY_AUTHORITY_HOST is not an http or https URL.',
    'Set AZURE_POD_IDENTITY_AUTHORITY_HOST to a URL such as http://127.0.0.1:8080, or unset it on an Azure VM.',
  ),
  invalid_request: entry(
    'A request option is missing, unknown, or has the wrong type. Also the code of Entra ID for a malformed token request.',
    'Correct the option named in the message.',
  ),
  invalid_resource: entry(
    'The resource is missing, blank, or not a single application ID URI.',
    'Pass the application ID URI of the API, for example resource: "https://vault.azure.net".',
  ),
  invalid_scope: entry(
    'The scopes are not exactly one resource followed by /.default. Also the code of Entra ID for such a request.',
    'Pass one scope, for example ["https://graph.microsoft.com/.default"].',
  ),
  invalid_json_claims_format: entry(
    'claims or claimsFromClient is not a JSON object.',
    'Pass the claims challenge exactly as the resource sent it, Base64-decoded.',
  ),
  attestation_requires_pop: entry(
    'withAttestationSupport was set without mtlsProofOfPossession or requestOverMtls.',
    'Set mtlsProofOfPossession: true (or requestOverMtls: true) as well, or drop withAttestationSupport.',
  ),

  // What is missing on this host
  attestation_package_missing: entry(
    'Attestation was asked for and the package msal-key-attestation is not installed.',
    'Install msal-key-attestation, or pass an attestationProvider.',
  ),
  attestation_package_unusable: entry(
    'The package msal-key-attestation is installed but cannot be loaded, or a provider does not keep to the contract.',
    'Reinstall msal-key-attestation in a version that matches msal-mi-core.',
  ),
  bearer_requires_msal_node: entry(
    'A bearer token was asked for and @azure/msal-node is not installed.',
    'Install @azure/msal-node, which a bundle has to import as msal-mi-core/msal-node; or set mtlsProofOfPossession: true.',
  ),
  mtls_pop_not_supported_for_environment: entry(
    'This hosting environment, or this authority, has no certificate-bound tokens.',
    'Use an Azure virtual machine or scale set, and an authority with an mtlsauth host.',
  ),
  mtls_pop_token_not_supported_in_imds_v1: entry(
    'The metadata service of this host has no version 2 (404 on getplatformmetadata).',
    'Use a VM size, image and region that have IMDS version 2.',
  ),
  managed_identity_all_sources_unavailable: entry(
    'Neither version of the metadata service answered.',
    'Run on an Azure host with a managed identity, or start msal-mi-emulator and set AZURE_POD_IDENTITY_AUTHORITY_HOST.',
  ),
  min_strength_not_met: entry(
    'The strongest key of this host is weaker than the minStrength of the request.',
    'Enable virtualization-based security (KeyGuard) on a Windows VM, or pass minStrength: ' +
      'MtlsBindingStrength.Software to accept a software key.',
  ),
  platform_not_supported: entry('The operation exists on Windows only.', 'Run on Windows x64 or arm64.'),
  native_module_missing: entry(
    'The native module is not part of this installation.',
    'Reinstall msal-mi-core; a bundle needs a copy of its prebuilds folder, or Next.js serverExternalPackages.',
  ),
  native_module_wrong_architecture: entry(
    'There is no native module for this processor architecture.',
    'Run Node.js for x64 or arm64.',
  ),
  native_module_load_failed: entry(
    'The native module is there and Windows refused to load it.',
    'See the Windows error code; antivirus and code integrity policies are frequent causes.',
  ),

  // Key
  key_unavailable: entry(
    'The key could not be opened or created.',
    'See the Windows error code; `npx msal-mi-core doctor` checks key creation.',
  ),
  key_operation_failed: passing(
    'The key could not sign.',
    'Try again: a key that lost its secret is replaced. See the Windows error code when it persists.',
  ),
  key_not_exportable: entry(
    'tlsOptions() was called for a key that cannot leave its store.',
    'Use binding.fetch, createMtlsFetch or the Azure SDK adapter: they use the key where it is.',
  ),
  credential_guard_requires_cng: entry(
    'Attestation was asked for and the key of this host is not a named CNG key.',
    'Attestation needs a KeyGuard key on Windows; drop withAttestationSupport elsewhere.',
  ),

  // Attestation
  attestation_failed: entry(
    'The key could not be attested. Nothing was sent to IMDS.',
    'See the native code in the message; check that VBS runs and that the attestation endpoint is reachable.',
  ),
  attestation_library_not_found: entry(
    'AttestationClientLib.dll is in none of the places searched.',
    'Take it from the NuGet package Microsoft.Azure.Security.KeyGuardAttestation and set ATTESTATION_CLIENTLIB_PATH to its absolute path.',
  ),
  attestation_library_wrong_architecture: entry(
    'AttestationClientLib.dll is built for another processor architecture.',
    'Use the x64 library with Node.js for x64.',
  ),
  attestation_library_dependency_missing: entry(
    'A DLL that AttestationClientLib.dll needs is missing.',
    'Install the Microsoft Visual C++ redistributable (x64).',
  ),
  attestation_library_incompatible: entry(
    'The DLL found is not a usable AttestationClientLib.dll: an export is missing or it failed to initialise.',
    'Use version 1.1.5 or later of Microsoft.Azure.Security.KeyGuardAttestation.',
  ),
  attestation_library_untrusted: entry(
    'The Authenticode signature of AttestationClientLib.dll did not verify and requireSignedLibrary is set.',
    'Take the library from the official package again.',
  ),

  // IMDS
  managed_identity_request_failed: entry(
    'The metadata service refused the request, answered something unusable, or could not be reached.',
    'Check that the identity is assigned to this VM and that 169.254.169.254 is reachable without a proxy.',
  ),
  invalid_credential: entry(
    'The metadata service issued a credential for another identity or tenant than the one it described.',
    'Try again: an identity that was just made anew takes minutes to be known everywhere.',
  ),
  invalid_certificate: entry(
    'The metadata service returned something that is not a certificate for our key.',
    'Try again later; report the correlation id to Azure support when it persists.',
  ),

  // Token
  invalid_client: entry(
    'Entra ID refused the certificate, also after it was replaced once.',
    'Check that the tenant is enabled for certificate-bound tokens; see aadstsCode.',
  ),
  token_request_failed: entry(
    'Entra ID refused the token request with an error it did not name.',
    'See httpStatus; report the correlation id to Azure support when it persists.',
  ),
  invalid_token_response: entry(
    'The token response has no access token, no usable lifetime, or is not JSON.',
    'Check that no proxy or gateway rewrites traffic to the token endpoint.',
  ),
  token_type_missing: entry(
    'The token response has no token_type.',
    'The token was discarded. Check that the token endpoint supports certificate-bound tokens.',
  ),
  token_type_mismatch: entry(
    'The token response carries another kind of token than mtls_pop.',
    'The token was discarded. Check that the tenant is enabled for certificate-bound tokens.',
  ),
  token_binding_mismatch: entry(
    'The token is not bound to the certificate that was presented.',
    'The token was discarded. Check that nothing between this host and the token endpoint terminates TLS.',
  ),
  managed_identity_unreachable_network: passing(
    'The token endpoint could not be reached, or the TLS handshake failed.',
    'Check DNS, firewall and proxy for the mtlsauth host, and system.ca for private authorities.',
  ),
  service_not_available: passing('The token endpoint answered 5xx.', 'Try again later.'),
  request_throttled: passing(
    'The service asked to wait, and the time is not over.',
    'Wait as long as Retry-After says before asking again.',
  ),
  request_timeout: passing(
    'The call took longer than system.timeout, or the token endpoint did not answer in time.',
    'Raise system.timeout, or try again.',
  ),

  // Federated credentials
  missing_tenanted_authority: entry(
    'The authority names no tenant (/common, /organizations).',
    'Use an authority with a tenant id: https://login.microsoftonline.com/<tenant id>.',
  ),
  mtls_certificate_not_provided: entry(
    'A bound token was asked for and the assertion came without a binding.',
    'Use createManagedIdentityAssertion, or return { assertion, assertionType, binding } from the callback.',
  ),
  invalid_client_assertion: entry(
    'The assertion callback returned no usable assertion.',
    'Return a non-empty assertion and its type.',
  ),

  // Calls described by configuration
  app_token_required: entry(
    'A bound token was asked for on behalf of a user: RequestAppToken is false and no managed identity is named.',
    'Set RequestAppToken to true, or name a managed identity in AcquireTokenOptions: only applications get bound tokens.',
  ),
  bound_credential_missing: entry(
    'A bound token was asked for and none of the ClientCredentials can be bound to a certificate.',
    'Add a credential with SourceType SignedAssertionFromManagedIdentity to AzureAd:ClientCredentials, or name a ' +
      'managed identity in AcquireTokenOptions.',
  ),
  client_credential_missing: entry(
    'An application token was asked for and none of the ClientCredentials can be used.',
    'Add a credential with SourceType SignedAssertionFromManagedIdentity to AzureAd:ClientCredentials, or name a ' +
      'managed identity in AcquireTokenOptions.',
  ),

  // Calling resources
  token_not_bound: entry(
    'A request carried a token that this credential did not issue.',
    'Use the credential and the transport of the same withMtlsPop call.',
  ),
  host_not_allowed: entry(
    'A token was about to be sent to a host outside of the allowed ones.',
    'Add the host to allowedHosts if it may receive tokens for this resource.',
  ),
  client_not_supported: entry(
    'A client sends tokens in a way that certificate-bound tokens cannot be sent.',
    'See which clients can under "Azure SDK" in the documentation, and use another credential for this one.',
  ),
  client_certificate_missing: entry(
    'A resource says that a bound token came without its certificate.',
    'Check that nothing between this host and the resource terminates TLS.',
  ),
  client_certificate_mismatch: entry(
    'A resource says that a bound token came with another certificate than its own.',
    'Try again later: Key Vault may say so for a moment. Check that nothing on the way terminates TLS when it stays.',
  ),
  invalid_token: entry(
    'A resource server received a token it must not accept.',
    'See the message for the check that failed.',
  ),
  key_set_unavailable: passing(
    'A resource server could not get the key that a token is signed with.',
    'Check the jwks option: the URL must be reachable, and a function must return a public key.',
  ),
  resource_server_requires_jose: entry(
    'msal-mi-core/resource-server is used and the package jose cannot be loaded.',
    'Run: npm install jose',
  ),
} as const satisfies Record<string, ErrorCodeEntry>;

/** A code of this library. `errorCode` may also hold an OAuth error that Entra ID sent, such as `unauthorized_client`. */
export type ErrorCode = keyof typeof ERROR_CODES;
