// How a test steers the stand-in: environment variables, read at every call.
//   FAKE_ATTESTATION_INIT_CODE=<n>     InitAttestationLib returns n
//   FAKE_ATTESTATION_CODE=<n>          AttestKeyGuardImportKey returns n without looking at anything
//   FAKE_ATTESTATION_TOKEN=<text>      instead of the service's token; "(null)" for no token, "(empty)" for an empty
//   one FAKE_ATTESTATION_DELAY_MS=<n>      AttestKeyGuardImportKey takes that long FAKE_ATTESTATION_THREADS=<n>       n
//   threads log 10 lines each during the attestation FAKE_ATTESTATION_LATE_LOG=1        a thread goes on logging after
//   UninitAttestationLib, until the process ends FAKE_ATTESTATION_JOURNAL=<file>    one line per call
#pragma once

#include <string>

namespace fake_attestation {

// Empty when unset.
std::string Setting(const char* name);
int NumberSetting(const char* name);

}  // namespace fake_attestation
