// AttestationClientLib.dll in this process: loaded once, one attestation at a time, nothing left behind. No napi.h
// here.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "attestation_session.h"

namespace msal_mi {

// Loads the library, once per path and process, and checks that it has the functions. It stays loaded: it may have
// threads of its own. `signature` is written also when loading fails later. Throws Win32Error.
void OpenLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature);

// The token, or nothing when the library reported success and gave none. Blocks while another attestation of this
// process runs. Throws Win32Error; for the library's own codes its api is the name of the library's function.
std::optional<std::string> AttestKey(const AttestationRequest& request, std::shared_ptr<LogSink> log);

}  // namespace msal_mi
