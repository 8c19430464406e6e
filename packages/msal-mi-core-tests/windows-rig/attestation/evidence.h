// Evidence about a real key, and the service that judges it.
#pragma once

#include <windows.h>

#include <ncrypt.h>

#include <string>

namespace fake_attestation {

// JSON for the emulator's attestation endpoint: the key's public part and whether it says that it is isolated.
// Everything is read from the handle. Returns 0 or a code of the library.
int CollectEvidence(NCRYPT_KEY_HANDLE key, const std::string& client_id, std::string& evidence);

// POST {endpoint}/attest/keyguard. Returns 0 and the token, or a code of the library.
int RequestToken(const std::string& endpoint, const std::string& evidence, std::string& token);

}  // namespace fake_attestation
