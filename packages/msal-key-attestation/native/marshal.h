// JavaScript values <-> plain structs, nothing else. Reading throws Napi::TypeError naming the member.
#pragma once

#include "attestation_library.h"  // <windows.h> before <napi.h>

#include <napi.h>

#include <optional>
#include <string>

#include <win32_error.h>

namespace msal_mi {

// What came of a call into the library. Either `failed_call` or the rest says so.
struct LibraryOutcome {
  std::optional<Win32Error> failed_call;
  std::optional<LibrarySignature> signature;
};
struct AttestationOutcome {
  std::optional<Win32Error> failed_call;
  std::optional<std::string> token;
};

LibraryRequest ReadLibraryRequest(const Napi::Value& value);
AttestationRequest ReadAttestationRequest(const Napi::Value& value);
Napi::Function ReadFunction(const Napi::Value& value, const char* name);

Napi::Value ToJs(Napi::Env env, const LogLine& line);
Napi::Value ToJs(Napi::Env env, const LibraryOutcome& outcome);
// Wipes the token, which has become a JavaScript string.
Napi::Value ToJs(Napi::Env env, AttestationOutcome& outcome);

}  // namespace msal_mi
