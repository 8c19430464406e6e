// AttestationClientLib.dll: find its functions, run one attestation at a time, leave nothing behind. No napi.h here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "library_signature.h"
#include "log_sink.h"

namespace msal_mi {

struct LibraryRequest {
  std::wstring path;  // absolute
  bool require_signature = false;
  std::wstring required_signer;  // empty: any
};

struct AttestationRequest {
  LibraryRequest library;
  std::string endpoint;
  std::string client_id;
  std::wstring provider_name;
  std::wstring key_name;
  bool is_machine_key = false;
};

// Loads the library, once per path and process, and checks that it has the functions. It stays loaded: it may have
// threads of its own. With `require_signature` none of its code runs before the signature was verified. A signature
// that did not have to be valid is written to `signature` also when loading fails later. Throws Win32Error.
void OpenLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature);

// The token, or nothing when the library reported success and gave none. Blocks while another attestation of this
// process runs. Throws Win32Error; for the library's own codes its api is the name of the library's function.
std::optional<std::string> AttestKey(const AttestationRequest& request, std::shared_ptr<LogSink> log);

}  // namespace msal_mi
