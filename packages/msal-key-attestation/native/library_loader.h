// Finds the functions of AttestationClientLib.dll, and sees to it that what runs is what was trusted.
#pragma once

#include "library_file.h"  // <windows.h> first

#include <ncrypt.h>

#include <optional>
#include <string>

#include "library_signature.h"

namespace msal_mi {

struct LibraryRequest {
  std::wstring path;  // absolute, on a drive
  bool require_signature = false;
  std::wstring required_signer;  // common name; empty: any
  std::wstring required_sha256;  // lower-case hexadecimal; empty: any

  // Then every library that it needs comes from System32: one beside it was verified by nobody.
  bool is_trust_required() const noexcept { return require_signature || !required_sha256.empty(); }
};

// The library's interface: cdecl, 8-bit strings.
extern "C" {
using AttestationLogFunction = void(__cdecl*)(void* context, char* tag, int level, char* function, int line,
                                              char* message);
struct AttestationLogInfo {
  AttestationLogFunction log;
  void* context;
};
using InitFunction = int(__cdecl*)(AttestationLogInfo*);
using AttestFunction = int(__cdecl*)(char* endpoint, char* auth_token, char* client_payload, NCRYPT_KEY_HANDLE key,
                                     char** token, char* client_id);
using FreeFunction = void(__cdecl*)(char*);
using UninitFunction = void(__cdecl*)();
}

struct LoadedLibrary {
  HMODULE module = nullptr;
  bool was_loaded = false;  // by somebody in this process before
  LibrarySignature signature;
  std::wstring sha256;
  bool is_trusted = false;  // was loaded with trust required
  InitFunction init = nullptr;
  AttestFunction attest = nullptr;
  FreeFunction free_token = nullptr;
  UninitFunction uninit = nullptr;
};

// Verifies and loads. It stays loaded: it may have threads of its own. With trust required none of its code runs before
// that. `signature` is written as soon as it is known, also when loading fails later. Throws Win32Error.
LoadedLibrary LoadAttestationLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature);

// For a library that is loaded already. Throws Win32Error when it is not what this request asks for.
void RequireTrust(const LibraryRequest& request, const LoadedLibrary& library);

}  // namespace msal_mi
